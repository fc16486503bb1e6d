/** Grants and the directory: what regions are told when endpoints come, change and go, and what a heartbeat is answered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { host } from '../core/samples.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let eu: Region;
let us: Region;
let key: string;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 2_000 });
	eu = await startRegion(edge, 'eu-1');
	us = await startRegion(edge, 'us-1');
	for (const region of [eu, us]) region.hosts = [host({ id: `host-of-${region.id}`, boot: `boot-of-${region.id}`, gpus: 2 })];
	for (const region of [eu, us]) region.beat(true);
	key = await edge.createAccount();
});
afterAll(async () => {
	await eu?.close();
	await us?.close();
	await edge?.stop();
});

const patch = (client: Client, body: object): ReturnType<Edge['call']> => edge.call('PATCH', `/v2/serverless/${client.endpointId}`, body, key);
const show = (client: Client): ReturnType<Edge['call']> => edge.call('GET', `/v2/serverless/${client.endpointId}`, undefined, key);
const remove = (client: Client): ReturnType<Edge['call']> => edge.call('DELETE', `/v2/serverless/${client.endpointId}`, undefined, key);
/** The next push of the endpoint's grant to a region that matches. */
const granted = (region: Region, { endpointId }: Client, matches: (workersMax: number, revision: number) => boolean): Promise<unknown> =>
	region.pushes.next(
		({ endpoints }) => endpoints.some((grant) => grant.endpointId === endpointId && matches(grant.workersMax, grant.revision)),
		`grant of ${endpointId} at ${region.id}`,
	);
const shareOf = (region: Region, id: string): number | undefined =>
	region.pushes.all.flatMap(({ endpoints }) => endpoints).findLast((grant) => grant.endpointId === id)?.workersMax;

describe('grants', () => {
	test('reach their regions when an endpoint is made, and add up to its maximum', async () => {
		const client = await deploy(edge, [eu, us], { workers: { min: 1, max: 3 } }, key);
		await Promise.all([granted(eu, client, () => true), granted(us, client, () => true)]);
		expect((shareOf(eu, client.endpointId) ?? 0) + (shareOf(us, client.endpointId) ?? 0)).toBe(3);
	});

	test('follow an update, with a revision that rises and a version that rises only for new workers', async () => {
		const client = await deploy(edge, [eu, us], { workers: { max: 1 } }, key);
		expect((await patch(client, { workers: { max: 4 } })).body).toMatchObject({ version: 1, workers: { max: 4 } });
		await granted(eu, client, (workersMax, revision) => workersMax === 2 && revision > 1);
		await granted(us, client, (workersMax) => workersMax === 2);
		expect((await patch(client, { image: 'image:2' })).body).toMatchObject({ version: 2, image: 'image:2' });
		await eu.pushes.next(({ endpoints }) => endpoints.some((grant) => grant.endpointId === client.endpointId && grant.version === 2), 'new version');
	});

	test('are taken back when the endpoint is deleted, and it is not found any more', async () => {
		const client = await deploy(edge, [eu, us], { workers: { max: 4 } }, key);
		expect((await remove(client)).status).toBe(204);
		for (const region of [eu, us]) await region.pushes.next(({ removed }) => removed.includes(client.endpointId), 'removal');
		expect((await show(client)).status).toBe(404);
		expect((await client.post('run')).status).toBe(404);
	});

	test('that a push could not bring are in the answer of the next heartbeat, and those that are no longer its own too', async () => {
		const client = await deploy(edge, [eu, us], { workers: { max: 4 } }, key);
		const lacking = await eu.heartbeat();
		const grant = lacking.endpoints.find(({ endpointId }) => endpointId === client.endpointId);
		expect(grant).toMatchObject({ workersMax: 2, spec: { image: 'image:1' } });
		const counts = { workers: { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 }, queued: 0, slotsFree: 0 };
		eu.endpoints = { [client.endpointId]: { revision: grant?.revision ?? 0, ...counts }, abcdefghijklmn: { revision: 1, ...counts } };
		const complete = await eu.heartbeat();
		expect(complete.endpoints.map(({ endpointId }) => endpointId)).not.toContain(client.endpointId);
		expect(complete.removed).toEqual(['abcdefghijklmn']);
		eu.endpoints = {};
	});

	test('of a region that was given up go to the others, and come back when it does', { timeout: 60_000 }, async () => {
		const client = await deploy(edge, [eu, us], { workers: { max: 4 } }, key);
		await granted(us, client, (workersMax) => workersMax === 2);
		eu.beat(false);
		await granted(us, client, (workersMax) => workersMax === 4);
		eu.beat(true);
		const own = async (): Promise<number[]> => (await eu.heartbeat()).endpoints.flatMap(({ endpointId, workersMax }) => (endpointId === client.endpointId ? [workersMax] : []));
		// A grant of none: an older one that is still on its way is refused by its revision.
		await until(async () => (await own()).every((workersMax) => workersMax === 0), { what: 'no second grant beside the moved one' });
	});

	test('survive a restart of the edge', async () => {
		const client = await deploy(edge, [eu, us], { workers: { max: 4 } }, key);
		await edge.restart();
		expect((await us.heartbeat()).endpoints.map(({ endpointId }) => endpointId)).toContain(client.endpointId);
		const id = await client.run();
		const job = await Promise.race([eu, us].map((region) => region.dispatched.next((candidate) => candidate.id === id, 'dispatch')));
		expect(job.epoch).toBe(1);
	});
});

describe('changes at the same time', () => {
	test('to different fields are both kept', async () => {
		const client = await deploy(edge, [eu, us], {}, key);
		for (let round = 0; round < 10; round++) {
			const answers = await Promise.all([patch(client, { name: `name-${round}` }), patch(client, { workers: { idleTimeout: 10 + round } }), patch(client, { retries: round })]);
			expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
			expect((await show(client)).body).toMatchObject({ name: `name-${round}`, workers: { idleTimeout: 10 + round }, retries: round });
		}
	});

	test('never bring a deleted endpoint back', async () => {
		for (let round = 0; round < 8; round++) {
			const client = await deploy(edge, [eu, us], { workers: { max: 1 } }, key);
			const patches = (from: number): ReturnType<typeof patch>[] => Array.from({ length: 12 }, (_, n) => patch(client, { workers: { max: 2 + ((from + n) % 3) } }));
			const answers = await Promise.all([...patches(0), remove(client), ...patches(1)]);
			for (const { status } of answers) expect([200, 204, 404]).toContain(status);
			expect((await show(client)).status).toBe(404);
		}
		await until(async () => (await eu.heartbeat()).endpoints.every(({ spec }) => spec.workersMax !== 1), { what: 'grants of deleted endpoints to be gone' });
	});
});

describe('requests that no region signed', () => {
	test.each([
		['heartbeat', 'POST'],
		['events', 'POST'],
		['claim', 'POST'],
		['payload/x', 'GET'],
		['output/x', 'PUT'],
	])('%s is refused', async (path, method) => {
		expect((await edge.call(method, `/regions/v1/${path}`, method === 'GET' ? undefined : '{}')).status).toBe(401);
	});

	test("one whose signature is another's is refused", async () => {
		expect((await eu.send('POST', '/regions/v1/claim', Buffer.from('{"claims":[]}'))).status).toBe(400);
		expect((await eu.send('POST', '/regions/v1/claim', Buffer.from('{"claims":[]}'), { 'x-longshore-signer': 'us-1' })).status).toBe(401);
	});
});
