/** Signs and verifies requests between edge and region: Ed25519 over `signedText`, a time window, and a memory of nonces inside it. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { SIGNATURE_WINDOW_MS } from '@longshore/shared-schema/limits';
import { STREAMED_BODY } from '@longshore/shared-schema/wire/load-balancer';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '@longshore/shared-schema/wire/signature';

/** Why a request was not let in; the word is all that its sender learns. */
export type SignatureProblem = 'headers' | 'timestamp' | 'signer' | 'signature' | 'nonce';

export interface RequestToVerify {
	readonly method: string;
	readonly pathAndQuery: string;
	/** Names and values in turn, as they came, so that a doubled header is seen. */
	readonly rawHeaders: readonly string[];
	/** `streamed`: the signature leaves it out, because it is known only when it has passed. */
	readonly body: Uint8Array | typeof STREAMED_BODY;
}

/** Nonces remembered at most; with more inside one window further requests are refused rather than let in unchecked. */
const NONCES_MAX = 200_000;
const NONCE_PATTERN = /^[\x21-\x7e]{8,64}$/;
const SIGNATURE_BYTES = 64;

/** Headers that sign one request. */
export function createSigner(signer: string, privateKeyBase64: string): (method: string, pathAndQuery: string, body: Uint8Array) => Record<string, string> {
	const key = createPrivateKey({ key: Buffer.from(privateKeyBase64, 'base64'), format: 'der', type: 'pkcs8' });
	assertEd25519(key, 'private');
	return (method, pathAndQuery, body) => {
		const timestampMs = Date.now();
		const nonce = randomBytes(16).toString('base64url');
		const text = signedText({ signer, method, pathAndQuery, timestampMs, nonce, bodySha256: sha256Hex(body) });
		return {
			[SIGNER_HEADER]: signer,
			[TIMESTAMP_HEADER]: String(timestampMs),
			[NONCE_HEADER]: nonce,
			[SIGNATURE_HEADER]: sign(null, Buffer.from(text), key).toString('base64'),
		};
	};
}

/** A check that names the first problem of a request, or null when it is what `signer` sent, now, for the first time. */
export function createVerifier(signer: string, publicKeyBase64: string, now: () => number): (request: RequestToVerify) => SignatureProblem | null {
	const key = createPublicKey({ key: Buffer.from(publicKeyBase64, 'base64'), format: 'der', type: 'spki' });
	assertEd25519(key, 'public');
	const nonces = createNonceMemory(now);
	return (request) => {
		const headers = onceEach(request.rawHeaders);
		if (headers === null) return 'headers';
		const timestampMs = Number(headers.timestamp);
		if (!/^\d{1,16}$/.test(headers.timestamp) || Math.abs(now() - timestampMs) > SIGNATURE_WINDOW_MS) return 'timestamp';
		if (headers.signer !== signer) return 'signer';
		const signature = Buffer.from(headers.signature, 'base64');
		if (signature.length !== SIGNATURE_BYTES || !NONCE_PATTERN.test(headers.nonce)) return 'signature';
		const bodySha256 = request.body === STREAMED_BODY ? STREAMED_BODY : sha256Hex(request.body);
		const text = signedText({ signer, method: request.method, pathAndQuery: request.pathAndQuery, timestampMs, nonce: headers.nonce, bodySha256 });
		if (!verify(null, Buffer.from(text), key, signature)) return 'signature';
		return nonces(headers.nonce) ? null : 'nonce';
	};
}

/**
 * True the first time that a nonce is shown. A timestamp may lie one window ahead, so a request can be replayed for two:
 * nonces live in two generations of two windows each, and forgetting a generation costs nothing.
 */
export function createNonceMemory(now: () => number, max: number = NONCES_MAX): (nonce: string) => boolean {
	let young = new Set<string>();
	let old = new Set<string>();
	let turnedAtMs = now();
	return (nonce) => {
		const age = now() - turnedAtMs;
		if (age > 2 * SIGNATURE_WINDOW_MS) {
			old = age > 4 * SIGNATURE_WINDOW_MS ? new Set() : young;
			young = new Set();
			turnedAtMs = now();
		}
		if (young.has(nonce) || old.has(nonce) || young.size >= max) return false;
		young.add(nonce);
		return true;
	};
}

interface SignatureHeaders {
	readonly signer: string;
	readonly timestamp: string;
	readonly nonce: string;
	readonly signature: string;
}

const FIELDS: Readonly<Record<string, keyof SignatureHeaders>> = {
	[SIGNER_HEADER]: 'signer',
	[TIMESTAMP_HEADER]: 'timestamp',
	[NONCE_HEADER]: 'nonce',
	[SIGNATURE_HEADER]: 'signature',
};

function onceEach(rawHeaders: readonly string[]): SignatureHeaders | null {
	const found: Partial<Record<keyof SignatureHeaders, string>> = {};
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const field = FIELDS[(rawHeaders[i] ?? '').toLowerCase()];
		if (field === undefined) continue;
		if (found[field] !== undefined) return null;
		found[field] = rawHeaders[i + 1] ?? '';
	}
	const { signer, timestamp, nonce, signature } = found;
	if (!signer || !timestamp || !nonce || !signature) return null;
	return { signer, timestamp, nonce, signature };
}

function sha256Hex(body: Uint8Array): string {
	return createHash('sha256').update(body).digest('hex');
}

function assertEd25519(key: KeyObject, what: string): void {
	if (key.asymmetricKeyType !== 'ed25519')
		throw new Error(`the ${what} key is ${key.asymmetricKeyType ?? 'unknown'}, must be ed25519 (base64 of ${what === 'private' ? 'PKCS#8' : 'SPKI'} DER)`);
}
