/** Signs requests as a region's broker or the edge does, so that tests can forge, alter and replay them. */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '../../shared-schema/src/wire/signature.ts';
import { environmentOf } from './processes.ts';
import type { LocalStack } from './start-stack.ts';

export interface SignedRequest {
	readonly method: string;
	readonly pathAndQuery: string;
	readonly body: Uint8Array;
	readonly headers: Record<string, string>;
}

export interface SignOptions {
	readonly signer: string;
	readonly key: KeyObject;
	readonly method?: string;
	readonly timestampMs?: number;
	readonly nonce?: string;
}

/** A request to `pathAndQuery` with all headers of a valid signature by `key`. */
export function signRequest(pathAndQuery: string, body: string, options: SignOptions): SignedRequest {
	const bytes = Buffer.from(body, 'utf8');
	const parts = {
		signer: options.signer,
		method: options.method ?? 'POST',
		pathAndQuery,
		timestampMs: options.timestampMs ?? Date.now(),
		nonce: options.nonce ?? crypto.randomUUID(),
		bodySha256: createHash('sha256').update(bytes).digest('hex'),
	};
	return {
		method: parts.method,
		pathAndQuery,
		body: bytes,
		headers: {
			'content-type': 'application/octet-stream',
			[SIGNER_HEADER]: parts.signer,
			[TIMESTAMP_HEADER]: String(parts.timestampMs),
			[NONCE_HEADER]: parts.nonce,
			[SIGNATURE_HEADER]: sign(null, Buffer.from(signedText(parts)), options.key).toString('base64'),
		},
	};
}

/** Sends it, whole; nothing is interpreted. */
export async function send(url: string, request: SignedRequest): Promise<{ status: number; text: string }> {
	const response = await fetch(`${url}${request.pathAndQuery}`, {
		method: request.method,
		headers: request.headers,
		...(request.method === 'GET' ? {} : { body: request.body as Uint8Array<ArrayBuffer> }),
		signal: AbortSignal.timeout(15_000),
	});
	return { status: response.status, text: await response.text() };
}

/** A key that nobody knows. */
export function strangerKey(): KeyObject {
	return generateKeyPairSync('ed25519').privateKey;
}

/** The private key of a region, as its broker was given it. */
export function regionKey(local: LocalStack, regionId: string): KeyObject {
	const pid = Object.entries(local.pids.brokers).find(([name]) => name.startsWith(regionId))?.[1];
	if (pid === undefined) throw new Error(`local.json names no broker of ${regionId}: ${Object.keys(local.pids.brokers).join(', ')}`);
	const file = environmentOf(pid, 'LONGSHORE_REGION_PRIVATE_KEY_FILE');
	const text = environmentOf(pid, 'LONGSHORE_REGION_PRIVATE_KEY') ?? (file === undefined ? undefined : readFileSync(file, 'utf8').trim());
	if (text === undefined) throw new Error(`broker ${pid} was started without LONGSHORE_REGION_PRIVATE_KEY`);
	return createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
}
