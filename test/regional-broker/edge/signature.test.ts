import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { createNonceMemory, createSigner, createVerifier, type RequestToVerify } from '../../../regional-broker/src/edge/signature.ts';
import { SIGNATURE_WINDOW_MS } from '../../../shared-schema/src/limits.ts';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, TIMESTAMP_HEADER } from '../../../shared-schema/src/wire/signature.ts';

const pair = generateKeyPairSync('ed25519');
const privateKey = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const sign = createSigner('edge', privateKey);
let now = Date.now();
const verify = () => createVerifier('edge', publicKey, () => now);

function signed(overrides: Partial<RequestToVerify> = {}, headers: Record<string, string> = {}): RequestToVerify {
	const body = Buffer.from('{"a":1}');
	return { method: 'POST', pathAndQuery: '/region/v1/x?y=1', body, rawHeaders: Object.entries({ ...sign('POST', '/region/v1/x?y=1', body), ...headers }).flat(), ...overrides };
}

it('lets in what was signed, once', () => {
	now = Date.now();
	const check = verify();
	const request = signed();
	expect(check(request)).toBeNull();
	expect(check(request)).toBe('nonce');
});

it.each([
	['another method', { method: 'PUT' }],
	['another path', { pathAndQuery: '/region/v1/z?y=1' }],
	['another query', { pathAndQuery: '/region/v1/x?y=2' }],
	['another body', { body: Buffer.from('{"a":2}') }],
] as const)('refuses %s', (_, overrides) => {
	now = Date.now();
	expect(verify()(signed(overrides))).toBe('signature');
});

it.each([
	[
		'a signature of another key',
		() => ({
			[SIGNATURE_HEADER]:
				createSigner('edge', generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'))(
					'POST',
					'/region/v1/x?y=1',
					Buffer.from('{"a":1}'),
				)[SIGNATURE_HEADER] ?? '',
		}),
		'signature',
	],
	['an empty signature', () => ({ [SIGNATURE_HEADER]: '' }), 'headers'],
	['a short signature', () => ({ [SIGNATURE_HEADER]: 'AAAA' }), 'signature'],
	['another signer', () => ({ [SIGNER_HEADER]: 'eu-1' }), 'signer'],
	['another nonce', () => ({ [NONCE_HEADER]: 'A'.repeat(22) }), 'signature'],
	['a timestamp that is no number', () => ({ [TIMESTAMP_HEADER]: '1e13' }), 'timestamp'],
] as const)('refuses %s', (_, headers, problem) => {
	now = Date.now();
	expect(verify()(signed({}, headers()))).toBe(problem);
});

it.each([
	[SIGNATURE_WINDOW_MS, null],
	[SIGNATURE_WINDOW_MS + 1_000, 'timestamp'],
	[-SIGNATURE_WINDOW_MS, null],
	[-SIGNATURE_WINDOW_MS - 1_000, 'timestamp'],
] as const)('with a clock %i ms apart answers %s', (apartMs, problem) => {
	const request = signed();
	now = Number(request.rawHeaders[request.rawHeaders.indexOf(TIMESTAMP_HEADER) + 1]) + apartMs;
	expect(verify()(request)).toBe(problem);
});

it.each([SIGNER_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER])('refuses %s missing or doubled', (name) => {
	now = Date.now();
	const { rawHeaders, ...rest } = signed();
	const at = rawHeaders.indexOf(name);
	expect(verify()({ ...rest, rawHeaders: rawHeaders.toSpliced(at, 2) })).toBe('headers');
	expect(verify()({ ...rest, rawHeaders: [...rawHeaders, name.toUpperCase(), rawHeaders[at + 1] ?? ''] })).toBe('headers');
});

it('remembers a nonce for as long as its request could be replayed, and no request above its bound gets in', () => {
	let time = 0;
	const fresh = createNonceMemory(() => time, 3);
	expect(fresh('a')).toBe(true);
	for (let step = 0; step < 8; step++) {
		time += SIGNATURE_WINDOW_MS / 4;
		expect(fresh('a')).toBe(false);
	}
	expect([fresh('b'), fresh('c'), fresh('d')]).toEqual([true, true, false]);
	time += 5 * SIGNATURE_WINDOW_MS;
	expect(fresh('a')).toBe(true);
});

it('refuses keys of another kind at start', () => {
	const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
	expect(() => createSigner('edge', rsa.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'))).toThrow('must be ed25519');
});
