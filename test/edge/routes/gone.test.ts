/** What a client learns of a job that is not there any more: 404 as from RunPod, 410 with the cause where it asks for that. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RETENTION_ASYNC_MS: 1_500, RETENTION_SYNC_MS: 600, RATE_LIMITS: 'off' });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

async function ask(method: string, path: string, header: string | null = '410'): Promise<{ status: number; body: unknown }> {
	const headers = { authorization: `Bearer ${client.key}`, ...(header === null ? {} : { 'Longshore-Gone': header }) };
	const response = await fetch(`${edge.url}/v2/${client.endpointId}/${path}`, { method, headers, signal: AbortSignal.timeout(10_000) });
	return { status: response.status, body: await response.json() };
}

const gone = (id: string): Promise<unknown> => until(async () => (await client.status(id)).status === 404, { what: `${id} to be gone`, everyMs: 20 });
const erased = (id: string): Promise<unknown> =>
	until(() => readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs').every((row) => row['id'] !== id), { what: `the row of ${id} to be erased` });

async function completed(): Promise<string> {
	const job = await client.runAt(region);
	await region.tell(job, 'result', { text: '1' });
	return job.id;
}
async function purged(): Promise<string> {
	const id = await client.run();
	await client.post('purge-queue');
	return id;
}
async function cancelled(): Promise<string> {
	const id = await client.run();
	await client.cancel(id);
	return id;
}
async function shortened(): Promise<string> {
	const id = await completed();
	await client.post(`status/${id}?ttl=200`);
	return id;
}

describe('a job that is gone', () => {
	const causes = { expired: completed, shortened, cancelled, purged };
	test.each(Object.keys(causes) as (keyof typeof causes)[])('says that it is %s to those who ask, before and after the sweep and a restart', async (cause) => {
		const id = await causes[cause]();
		expect((await ask('GET', `status/${id}`)).status).toBe(200);
		await gone(id);
		const answer = { status: 410, body: { error: expect.stringContaining('the job is gone') as string, cause } };
		expect(await ask('GET', `status/${id}`)).toEqual(answer);
		await erased(id);
		expect(await ask('GET', `status/${id}`)).toEqual(answer);
		await edge.restart();
		expect(await ask('GET', `status/${id}`)).toEqual(answer);
	});

	test('is 404 with nothing but the error for those who do not', async () => {
		const id = await cancelled();
		await gone(id);
		for (const header of [null, '404', 'yes', '']) {
			const answer = await ask('GET', `status/${id}`, header);
			expect([answer.status, Object.keys(answer.body as object)]).toEqual([404, ['error']]);
		}
	});

	test('says so on every verb', async () => {
		const id = await completed();
		await gone(id);
		const calls = [
			`GET status/${id}`,
			`POST status/${id}`,
			`GET status-sync/${id}`,
			`GET stream/${id}`,
			`POST cancel/${id}`,
			`POST retry/${id}`,
			`GET webhooks/${id}`,
			`POST webhooks/${id}/replay`,
		];
		const answers = await Promise.all(calls.map((call) => ask(...(call.split(' ') as [string, string]))));
		expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 410));
		expect(answers.map(({ body }) => (body as Record<string, unknown>)['cause'])).toEqual(calls.map(() => 'expired'));
	});
});

test('a job that never was is 404, whatever is asked for', async () => {
	const id = await client.run();
	const madeUp = id.replace(/^[0-9a-f]{8}/, (head) => (head === '00000000' ? '11111111' : '00000000'));
	for (const wrong of [madeUp, 'nonsense', '5f0e0b9e-1d2c-4b3a-8f4e-0123456789ab-e0']) expect((await ask('GET', `status/${wrong}`)).status).toBe(404);
});
