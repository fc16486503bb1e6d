import { createHash, generateKeyPairSync } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { ATTEMPT_HEADER } from '../../../shared-schema/src/wire/signature.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import { type SignedRequest, send, signRequest } from '../../support/sign-request.ts';
import { dispatchOf, grantOf, HOST_TOKEN } from '../../support/start-broker.ts';

let world: BrokerWorld;
beforeAll(async () => {
	world = await startBrokerWorld();
	await world.grant(grantOf('ep1'));
});
afterAll(() => world.close());

const published = async (): Promise<number> => {
	const { queues } = (await world.broker.operator('queues')) as { queues: { stream: { pending: number } }[] };
	return queues[0]?.stream.pending ?? -1;
};
const dispatch = (options: Partial<Parameters<typeof signRequest>[2]> = {}, path: string = REGION_PATHS.dispatch): SignedRequest =>
	signRequest(path, Buffer.from(dispatchOf('ep1', ['forged']).body).toString(), { signer: 'edge', key: world.edge.edgeKey, ...options });

describe('a dispatch that the edge did not sign so', () => {
	it.each([
		['a stranger signed', () => dispatch({ key: generateKeyPairSync('ed25519').privateKey })],
		['is signed as a region', () => dispatch({ signer: 'eu-1' })],
		['is older than the window', () => dispatch({ timestampMs: Date.now() - 61_000 })],
		['comes from the future', () => dispatch({ timestampMs: Date.now() + 61_000 })],
		['was signed for another path', () => ({ ...dispatch({}, REGION_PATHS.revoke), pathAndQuery: REGION_PATHS.dispatch })],
		['was signed for another method', () => ({ ...dispatch({ method: 'PUT' }), method: 'POST' })],
		['has another body', () => ({ ...dispatch(), body: dispatchOf('ep1', ['swapped']).body })],
		['lacks its nonce', () => ({ ...dispatch(), headers: Object.fromEntries(Object.entries(dispatch().headers).filter(([name]) => !name.includes('nonce'))) })],
		['has no signature headers', () => ({ ...dispatch(), headers: {} })],
	])('%s: 401, and nothing is stored', async (_, request) => {
		const before = await published();
		const { status, text } = await send(world.broker.url, request());
		expect(status).toBe(401);
		expect(Object.keys(JSON.parse(text) as object)).toEqual(['error']);
		expect(await published()).toBe(before);
	});

	it('carries a header twice: 401, and nothing is stored', async () => {
		const before = await published();
		const signed = dispatch();
		const status = await new Promise<number>((resolve, reject) => {
			const headers = [
				...Object.entries(signed.headers),
				['x-longshore-nonce', 'AAAAAAAAAAAAAAAAAAAAAA'],
				['content-length', String(signed.body.length)],
				['host', new URL(world.broker.url).host],
			].flat();
			httpRequest(world.broker.url + signed.pathAndQuery, { method: 'POST', headers }, (answer) => resolve(answer.resume().statusCode ?? 0))
				.on('error', reject)
				.end(signed.body);
		});
		expect(status).toBe(401);
		expect(await published()).toBe(before);
	});

	it('is sent again: 401 the second time', async () => {
		const request = dispatch();
		expect((await send(world.broker.url, request)).status).toBe(202);
		const before = await published();
		expect((await send(world.broker.url, request)).status).toBe(401);
		expect(await published()).toBe(before);
	});
});

it('refuses a body above its limit before anything else', async () => {
	const request = signRequest(REGION_PATHS.revoke, 'x'.repeat(5 * 1024 * 1024), { signer: 'edge', key: world.edge.edgeKey });
	await expect(send(world.broker.url, request).then(({ status }) => status)).resolves.toBe(413);
});

it('answers 400 with the reason to a signed body that is not what the path takes', async () => {
	expect(await world.broker.call(REGION_PATHS.revoke, { jobs: [] })).toMatchObject({ status: 400, json: { error: expect.stringContaining('revoke') } });
	expect(await world.broker.call(REGION_PATHS.dispatch, Buffer.from('no head line'))).toMatchObject({ status: 400, json: { error: expect.stringContaining('head line') } });
});

describe('bearer tokens', () => {
	it.each(['hosts', 'workers', 'queues'])('guard /operator/v1/%s', async (path) => {
		for (const authorization of ['', 'Bearer wrong', `Bearer ${HOST_TOKEN}`])
			expect((await fetch(`${world.broker.url}/operator/v1/${path}`, { headers: { authorization } })).status).toBe(401);
		expect(await world.broker.operator(path)).toHaveProperty(path);
	});
});

describe('payloads and outputs', () => {
	const authorization = `Bearer ${HOST_TOKEN}`;
	const attempt = 'attempt-token-0123456789';

	it('bring a payload from the edge with the attempt named', async () => {
		const answer = await fetch(`${world.broker.url}/host/v1/payload/j1?epoch=2`, { headers: { authorization, [ATTEMPT_HEADER]: attempt } });
		expect(answer.status).toBe(200);
		expect((await answer.text()).length).toBe(100_000);
		expect(world.edge.seen.find(({ path }) => path === '/regions/v1/payload/j1?epoch=2')).toMatchObject({ method: 'GET', headers: { [ATTEMPT_HEADER]: attempt } });
	});

	it('carry an output up byte for byte, and the edge’s status back', async () => {
		const body = Buffer.alloc(3_000_000, 'ö');
		const put = (): Promise<Response> => fetch(`${world.broker.url}/host/v1/output/j1?epoch=2`, { method: 'PUT', headers: { authorization, [ATTEMPT_HEADER]: attempt }, body });
		expect((await put()).status).toBe(200);
		const seen = world.edge.seen.find(({ path }) => path.startsWith('/regions/v1/output'));
		expect(
			createHash('sha256')
				.update(seen?.body ?? '')
				.digest('hex'),
		).toBe(createHash('sha256').update(body).digest('hex'));
		world.edge.intercept = ({ path }) => (path.startsWith('/regions/v1/output') ? { status: 410, body: '{"error":"over"}' } : undefined);
		expect((await put()).status).toBe(410);
		world.edge.intercept = () => undefined;
	});

	it('need the host token, an epoch and the attempt', async () => {
		const get = async (path: string, headers: Record<string, string>): Promise<number> => (await fetch(`${world.broker.url}/host/v1/payload/${path}`, { headers })).status;
		expect(await get('j1?epoch=1', { [ATTEMPT_HEADER]: attempt })).toBe(401);
		expect(await get('j1', { authorization, [ATTEMPT_HEADER]: attempt })).toBe(400);
		expect(await get('j1?epoch=1', { authorization })).toBe(400);
		expect(await get('j%2e1?epoch=1', { authorization, [ATTEMPT_HEADER]: attempt })).toBe(400);
	});

	it('say 502 when the edge cannot be reached', async () => {
		await world.edge.close();
		const answer = await fetch(`${world.broker.url}/host/v1/payload/j1?epoch=2`, { headers: { authorization, [ATTEMPT_HEADER]: attempt } });
		expect(answer.status).toBe(502);
		await world.edge.open();
	});
});

it('was given no forged request: all of the broker’s own were signed', () => {
	expect(world.edge.seen.length).toBeGreaterThan(0);
	expect(world.edge.forged).toEqual([]);
});
