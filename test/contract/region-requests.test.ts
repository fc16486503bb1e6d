/** What edge and region refuse from each other's doors: unsigned, forged, altered, stale and replayed requests, and events without an attempt's token. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EDGE_PATHS, REGION_PATHS } from '../../shared-schema/src/wire/region.ts';
import { ATTEMPT_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, TIMESTAMP_HEADER } from '../../shared-schema/src/wire/signature.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { regionKey, type SignedRequest, type SignOptions, send, signRequest, strangerKey } from '../support/sign-request.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const REGION = 'eu-1';
const OTHER_REGION = 'us-1';

let stack: Stack;
let endpoint: RawEndpoint;
let own: SignOptions;

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack);
	await endpoint.api.untilReady();
	own = { signer: REGION, key: regionKey(stack.local(), REGION) };
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

/** Harmless when accepted: a claim on a job that does not exist is answered with `drop`. */
const claimBody = (): string => JSON.stringify({ claims: [{ id: 'nojob-0000', endpointId: endpoint.id, epoch: 1, token: 'x'.repeat(22), hostBoot: 'boot', workerId: 'w' }] });
const signedClaim = (options: Partial<SignOptions> = {}): SignedRequest => signRequest(EDGE_PATHS.claim, claimBody(), { ...own, ...options });

async function expectRefused(request: SignedRequest, url = stack.url): Promise<void> {
	const answer = await send(url, request);
	expect(answer).toMatchObject({ status: 401 });
	const body = JSON.parse(answer.text) as Record<string, unknown>;
	expect(Object.keys(body)).toEqual(['error']);
	expect(answer.text.length).toBeLessThan(300);
	expect(answer.text).not.toMatch(/\bat .+:\d+|\.ts\b|sqlite/i);
}

describe('the edge, asked by a region,', () => {
	test('takes a rightly signed request', async () => {
		const answer = await send(stack.url, signedClaim());
		expect(answer).toMatchObject({ status: 200 });
		expect(JSON.parse(answer.text)).toEqual({ results: ['drop'] });
	});

	test('refuses it the second time', async () => {
		const request = signedClaim();
		expect(await send(stack.url, request)).toMatchObject({ status: 200 });
		for (let times = 0; times < 3; times++) await expectRefused(request);
	});

	test.each([
		['a missing signature', (r: SignedRequest) => without(r, SIGNATURE_HEADER)],
		['a missing signer', (r: SignedRequest) => without(r, SIGNER_HEADER)],
		['a missing time', (r: SignedRequest) => without(r, TIMESTAMP_HEADER)],
		['an empty signature', (r: SignedRequest) => withHeader(r, SIGNATURE_HEADER, '')],
		['a signature that is no base64', (r: SignedRequest) => withHeader(r, SIGNATURE_HEADER, '*'.repeat(86))],
		['a time that is no number', (r: SignedRequest) => withHeader(r, TIMESTAMP_HEADER, 'now')],
		["another region's name", (r: SignedRequest) => withHeader(r, SIGNER_HEADER, OTHER_REGION)],
		["the edge's name", (r: SignedRequest) => withHeader(r, SIGNER_HEADER, 'edge')],
		['an unknown region', (r: SignedRequest) => withHeader(r, SIGNER_HEADER, 'mars-1')],
		['a changed body', (r: SignedRequest) => ({ ...r, body: Buffer.from(`${claimBody()} `) })],
		['another path', (r: SignedRequest) => ({ ...r, pathAndQuery: EDGE_PATHS.events })],
		['an added query', (r: SignedRequest) => ({ ...r, pathAndQuery: `${EDGE_PATHS.claim}?x=1` })],
	])('refuses %s', async (_name, change) => {
		await expectRefused(change(signedClaim()));
	});

	test("refuses a stranger's key under a region's name", async () => {
		await expectRefused(signedClaim({ key: strangerKey() }));
	});

	test('refuses times outside the window, both ways', async () => {
		await expectRefused(signedClaim({ timestampMs: Date.now() - 61_000 }));
		await expectRefused(signedClaim({ timestampMs: Date.now() + 61_000 }));
	});

	test("refuses the owner's API key in place of a signature", async () => {
		const request = signedClaim();
		await expectRefused({ ...request, headers: { authorization: `Bearer ${stack.apiKey}` } });
	});

	test.each([
		['POST', EDGE_PATHS.heartbeat],
		['POST', EDGE_PATHS.events],
		['POST', EDGE_PATHS.claim],
		['GET', `${EDGE_PATHS.payload}/nojob-0000?epoch=1`],
		['PUT', `${EDGE_PATHS.output}/nojob-0000?epoch=1`],
	])('asks a signature of %s %s', async (method, path) => {
		const request = signRequest(path, method === 'GET' ? '' : '{}', { ...own, method, key: strangerKey() });
		await expectRefused(request);
		await expectRefused({ ...request, headers: { [ATTEMPT_HEADER]: 'x'.repeat(22) } });
	});

	test('answers 400 to a signed body that makes no sense, and goes on', async () => {
		for (const [path, body] of [
			[EDGE_PATHS.claim, '{"claims":'],
			[EDGE_PATHS.claim, '{"claims":[{"id":"../x"}]}'],
			[EDGE_PATHS.events, 'no head line'],
			[EDGE_PATHS.events, '{"events":[]}\n'],
			[EDGE_PATHS.heartbeat, '{"hosts":1}'],
		] as const) {
			const answer = await send(stack.url, signRequest(path, body, own));
			expect(answer, `${path} ${body}`).toMatchObject({ status: 400 });
			expect(Object.keys(JSON.parse(answer.text) as object)).toEqual(['error']);
		}
		expect(await send(stack.url, signedClaim())).toMatchObject({ status: 200 });
	});

	test('takes no result for a running job from a stranger, nor from its own region without the attempt’s token', async () => {
		const id = await endpoint.api.run({ sleepMs: 1_500, n: 'real' });
		const running = await endpoint.api.untilState(id, ['IN_PROGRESS']);
		const output = '{"forged":true}';
		const head = {
			kind: 'result',
			id,
			endpointId: endpoint.id,
			epoch: 1,
			token: 'f'.repeat(22),
			hostBoot: 'boot',
			workerId: String(running['workerId']),
			agoMs: 0,
			executionMs: 1,
			bytes: output.length,
		};
		const body = `${JSON.stringify({ events: [head] })}\n${output}`;
		await expectRefused(signRequest(EDGE_PATHS.events, body, { ...own, key: strangerKey() }));
		const answer = await send(stack.url, signRequest(EDGE_PATHS.events, body, own));
		expect(answer).toMatchObject({ status: 200 });
		expect(JSON.parse(answer.text)).toEqual({ verdicts: ['stop'] });
		expect((await endpoint.api.status(id)).json['status']).toBe('IN_PROGRESS');
		const done = await endpoint.api.untilState(id);
		expect(done).toMatchObject({ status: 'COMPLETED', output: { raw: { n: 'real' } } });
	});
});

describe('a broker', () => {
	const brokerUrl = (): string => stack.local().regions.find((region) => region.id === REGION)?.url ?? '';

	test.each(Object.values(REGION_PATHS))('refuses %s from a stranger and from a region', async (path) => {
		const body = JSON.stringify({ jobs: [], endpoints: [], removed: [endpoint.id] });
		await expectRefused(signRequest(path, body, { signer: 'edge', key: strangerKey() }), brokerUrl());
		await expectRefused(signRequest(path, body, { ...own, signer: 'edge' }), brokerUrl());
		await expectRefused(signRequest(path, body, own), brokerUrl());
		const bare = await fetch(`${brokerUrl()}${path}`, { method: 'POST', body });
		expect(bare.status).toBe(401);
		expect((await endpoint.api.runSync({ n: 'still served' }))['status']).toBe('COMPLETED');
	});

	test.each(['/host/v1/payload/x?epoch=1', '/operator/v1/hosts', '/operator/v1/workers', '/operator/v1/queues'])('refuses %s without its token', async (path) => {
		for (const authorization of ['', `Bearer ${stack.apiKey}`, 'Bearer wrong']) {
			const response = await fetch(`${brokerUrl()}${path}`, { headers: authorization === '' ? {} : { authorization } });
			expect(response.status).toBe(401);
		}
	});

	test('answers /livez and /readyz to anyone', async () => {
		for (const path of ['/livez', '/readyz']) expect((await fetch(`${brokerUrl()}${path}`)).status).toBe(200);
	});
});

function without(request: SignedRequest, name: string): SignedRequest {
	const { [name]: _dropped, ...headers } = request.headers;
	return { ...request, headers };
}

function withHeader(request: SignedRequest, name: string, value: string): SignedRequest {
	return { ...request, headers: { ...request.headers, [name]: value } };
}
