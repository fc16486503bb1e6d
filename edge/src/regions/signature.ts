/** Signs requests to regions and verifies theirs: Ed25519 through WebCrypto, keys imported once an isolate. */
import { createHash } from 'node:crypto';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { ID_PATTERN, SIGNATURE_WINDOW_MS } from '@longshore/shared-schema/limits';
import { STREAMED_BODY } from '@longshore/shared-schema/wire/load-balancer';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '@longshore/shared-schema/wire/signature';
import { randomText } from '../ids/random.ts';

const ALGORITHM = 'Ed25519';
const NONCES_MAX = 200_000;
const encoder = new TextEncoder();
const keys = new Map<string, Promise<CryptoKey>>();

/** Nonces seen inside the window, oldest first. Best effort, one isolate: safety against replays rests on idempotent application. */
const seenNonces = new Map<string, number>();

/** Headers that sign a request of the edge. `path` includes the query. A body that streams is left out. */
export async function signedHeaders(privateKey: string, method: string, path: string, body: Uint8Array | typeof STREAMED_BODY, now: number): Promise<Record<string, string>> {
	const nonce = randomText(12);
	const bodySha256 = body === STREAMED_BODY ? STREAMED_BODY : sha256Hex(body);
	const text = signedText({ signer: 'edge', method, pathAndQuery: path, timestampMs: now, nonce, bodySha256 });
	const signature = await crypto.subtle.sign(ALGORITHM, await keyOf(privateKey, 'pkcs8'), encoder.encode(text));
	return { [SIGNER_HEADER]: 'edge', [TIMESTAMP_HEADER]: String(now), [NONCE_HEADER]: nonce, [SIGNATURE_HEADER]: Buffer.from(signature).toString('base64') };
}

/** The region id that a request claims to come from, with fresh and well-formed headers. Throws `bad_signature`. */
export function claimedSigner(request: Request, now: number): string {
	const signer = request.headers.get(SIGNER_HEADER) ?? '';
	const timestampMs = Number(request.headers.get(TIMESTAMP_HEADER) ?? 'none');
	if (!ID_PATTERN.test(signer) || !Number.isInteger(timestampMs) || !request.headers.has(SIGNATURE_HEADER)) throw refused('signature headers are missing or malformed');
	if (Math.abs(now - timestampMs) > SIGNATURE_WINDOW_MS) throw refused(`timestamp is more than ${SIGNATURE_WINDOW_MS / 1_000} s away`);
	return signer;
}

/** Checks the signature of a request whose claimed signer has `publicKey`. Throws `bad_signature`; a nonce is good once. */
export async function verifySigned(request: Request, publicKey: string, body: Uint8Array, now: number): Promise<void> {
	const { pathname, search } = new URL(request.url);
	const nonce = request.headers.get(NONCE_HEADER) ?? '';
	const signer = request.headers.get(SIGNER_HEADER) ?? '';
	const timestampMs = Number(request.headers.get(TIMESTAMP_HEADER));
	const text = signedText({ signer, method: request.method, pathAndQuery: pathname + search, timestampMs, nonce, bodySha256: sha256Hex(body) });
	const signature = Buffer.from(request.headers.get(SIGNATURE_HEADER) ?? '', 'base64');
	const good = signature.length === 64 && (await crypto.subtle.verify(ALGORITHM, await keyOf(publicKey, 'spki'), signature, encoder.encode(text)));
	if (!good) throw refused('signature does not match');
	rememberNonce(`${signer}/${nonce}`, now);
}

function rememberNonce(nonce: string, now: number): void {
	for (const [old, seenAt] of seenNonces) {
		if (now - seenAt <= 2 * SIGNATURE_WINDOW_MS && seenNonces.size < NONCES_MAX) break;
		seenNonces.delete(old);
	}
	if (seenNonces.has(nonce)) throw refused('nonce was used before');
	seenNonces.set(nonce, now);
}

function keyOf(keyBase64: string, format: 'pkcs8' | 'spki'): Promise<CryptoKey> {
	let key = keys.get(keyBase64);
	if (key === undefined) {
		key = crypto.subtle.importKey(format, Buffer.from(keyBase64, 'base64'), ALGORITHM, false, [format === 'pkcs8' ? 'sign' : 'verify']);
		keys.set(keyBase64, key);
	}
	return key;
}

function sha256Hex(body: Uint8Array): string {
	return createHash('sha256').update(body).digest('hex');
}

function refused(why: string): LongshoreError {
	return new LongshoreError('bad_signature', `region request refused: ${why}`);
}
