import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { claimedSigner, signedHeaders, verifySigned } from '../../../edge/src/regions/signature.ts';
import { LongshoreError } from '../../../shared-schema/src/errors/error.ts';
import { SIGNATURE_WINDOW_MS } from '../../../shared-schema/src/limits.ts';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, type SignedParts, signedText, TIMESTAMP_HEADER } from '../../../shared-schema/src/wire/signature.ts';

const NOW = 1_760_000_000_000;
const region = generateKeyPairSync('ed25519');
const publicKey = region.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const body = Buffer.from('{"claims":[]}');
const PATH = '/regions/v1/claim?x=1';
let nonces = 0;

interface Forgery extends Partial<SignedParts> {
	readonly key?: KeyObject;
	/** Sent in place of what was signed. */
	readonly sent?: Partial<Omit<SignedParts, 'bodySha256'>>;
}

function signed({ key = region.privateKey, sent = {}, ...over }: Forgery = {}): Request {
	const parts = {
		signer: 'eu-1',
		method: 'POST',
		pathAndQuery: PATH,
		timestampMs: NOW,
		nonce: `nonce-${nonces++}`,
		bodySha256: createHash('sha256').update(body).digest('hex'),
		...over,
	};
	const shown = { ...parts, ...sent };
	const signature = sign(null, Buffer.from(signedText(parts)), key).toString('base64');
	return new Request(`https://edge.example${shown.pathAndQuery}`, {
		method: shown.method,
		headers: { [SIGNER_HEADER]: shown.signer, [TIMESTAMP_HEADER]: String(shown.timestampMs), [NONCE_HEADER]: shown.nonce, [SIGNATURE_HEADER]: signature },
	});
}

const refusal = async (request: Request, given: Uint8Array = body, key = publicKey, now = NOW): Promise<string> => {
	try {
		claimedSigner(request, now);
		await verifySigned(request, key, given, now);
	} catch (error) {
		if (error instanceof LongshoreError) return error.code;
		throw error;
	}
	return 'none';
};

describe('requests of a region', () => {
	test('with a good signature pass, and name their signer', async () => {
		expect(claimedSigner(signed(), NOW)).toBe('eu-1');
		expect(await refusal(signed())).toBe('none');
	});

	test.each<[string, Forgery]>([
		['another method', { sent: { method: 'PUT' } }],
		['another path', { sent: { pathAndQuery: '/regions/v1/events?x=1' } }],
		['another query', { sent: { pathAndQuery: '/regions/v1/claim?x=2' } }],
		['another signer', { sent: { signer: 'us-1' } }],
		['another time', { sent: { timestampMs: NOW + 1 } }],
		['another nonce', { sent: { nonce: 'other' } }],
		['another key', { key: generateKeyPairSync('ed25519').privateKey }],
		['another body', { bodySha256: createHash('sha256').update('x').digest('hex') }],
	])('signed for %s are refused', async (_what, forgery) => {
		expect(await refusal(signed(forgery))).toBe('bad_signature');
	});

	test('with a changed body are refused', async () => {
		expect(await refusal(signed(), Buffer.from('{"claims":[{}]}'))).toBe('bad_signature');
	});

	test('are good once: a repeat is refused, the same nonce of another signer is not', async () => {
		const request = signed({ nonce: 'once' });
		expect(await refusal(request)).toBe('none');
		expect(await refusal(request.clone())).toBe('bad_signature');
		expect(await refusal(signed({ nonce: 'once', signer: 'us-1' }))).toBe('none');
	});

	test('whose signature is bad do not use up the nonce', async () => {
		expect(await refusal(signed({ nonce: 'kept', sent: { method: 'PUT' } }))).toBe('bad_signature');
		expect(await refusal(signed({ nonce: 'kept' }))).toBe('none');
	});

	test.each([
		[-SIGNATURE_WINDOW_MS - 1, 'bad_signature'],
		[-SIGNATURE_WINDOW_MS, 'none'],
		[SIGNATURE_WINDOW_MS, 'none'],
		[SIGNATURE_WINDOW_MS + 1, 'bad_signature'],
	])('of a clock %i ms away: %s', async (offsetMs, code) => {
		expect(await refusal(signed({ timestampMs: NOW + offsetMs }))).toBe(code);
	});

	test('are refused as long as their nonce could come again', async () => {
		const late = signed({ nonce: 'late', timestampMs: NOW + SIGNATURE_WINDOW_MS });
		expect(await refusal(late)).toBe('none');
		for (let i = 0; i < 5; i++) await refusal(signed({ timestampMs: NOW + SIGNATURE_WINDOW_MS }), body, publicKey, NOW + 2 * SIGNATURE_WINDOW_MS - 1);
		expect(await refusal(late.clone(), body, publicKey, NOW + 2 * SIGNATURE_WINDOW_MS)).toBe('bad_signature');
	});

	test.each<[string, Record<string, string | null>]>([
		['no signer', { [SIGNER_HEADER]: null }],
		['a signer with a slash', { [SIGNER_HEADER]: 'eu/1' }],
		['no time', { [TIMESTAMP_HEADER]: null }],
		['a time that is no number', { [TIMESTAMP_HEADER]: 'now' }],
		['half a millisecond', { [TIMESTAMP_HEADER]: `${NOW}.5` }],
		['no signature', { [SIGNATURE_HEADER]: null }],
		['an empty signature', { [SIGNATURE_HEADER]: '' }],
		['a short signature', { [SIGNATURE_HEADER]: 'AAAA' }],
		['a signature that is no base64', { [SIGNATURE_HEADER]: '!'.repeat(88) }],
		['no nonce', { [NONCE_HEADER]: null }],
	])('with %s are refused', async (_what, change) => {
		const request = signed();
		for (const [name, value] of Object.entries(change)) {
			if (value === null) request.headers.delete(name);
			else request.headers.set(name, value);
		}
		expect(await refusal(request)).toBe('bad_signature');
	});
});

describe('requests of the edge', () => {
	test('carry a signature that a region can check with nothing but the public key', async () => {
		const edge = generateKeyPairSync('ed25519');
		const headers = await signedHeaders(edge.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'), 'POST', '/region/v1/dispatch', body, NOW);
		const text = signedText({
			signer: headers[SIGNER_HEADER] ?? '',
			method: 'POST',
			pathAndQuery: '/region/v1/dispatch',
			timestampMs: Number(headers[TIMESTAMP_HEADER]),
			nonce: headers[NONCE_HEADER] ?? '',
			bodySha256: createHash('sha256').update(body).digest('hex'),
		});
		expect(headers[SIGNER_HEADER]).toBe('edge');
		expect(verify(null, Buffer.from(text), edge.publicKey, Buffer.from(headers[SIGNATURE_HEADER] ?? '', 'base64'))).toBe(true);
	});

	test('never carry the same nonce twice', async () => {
		const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
		const all = await Promise.all(Array.from({ length: 50 }, () => signedHeaders(key, 'POST', '/', body, NOW)));
		expect(new Set(all.map((headers) => headers[NONCE_HEADER])).size).toBe(50);
	});
});
