/** Batches of reports: order, mixed owners, and what one bad event may do to the others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { eventOf, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const NOT_UTF8 = new Uint8Array([0x22, 0xff, 0xfe, 0x22]);
let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RETENTION_SYNC_MS: 1_000, DISPATCH_CONFIRM_MS: 600_000, SWEEP_MS: 600_000, START_WITHIN_MS: 600_000, REGION_LEASE_MS: 600_000 });
	region = await startRegion(edge, 'eu-1');
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

describe('a batch', () => {
	test('is applied in its order, jobs of several endpoints mixed, one verdict each', async () => {
		const other = await deploy(edge, [region]);
		const [a, b] = [await client.runAt(region), await other.runAt(region)];
		const verdicts = await region.report([
			eventOf('eu-1', a, 'started'),
			eventOf('eu-1', b, 'result', { text: '"b"' }),
			eventOf('eu-1', a, 'started'),
			eventOf('eu-1', { ...a, id: 'unknown' }, 'started'),
			eventOf('eu-1', b, 'progress', { text: '"late"' }),
			eventOf('eu-1', a, 'result', { text: '"a"' }),
			eventOf('eu-1', a, 'result', { text: '"again"' }),
		]);
		expect(verdicts).toEqual(['accepted', 'accepted', 'duplicate', 'stop', 'stop', 'accepted', 'duplicate']);
		expect((await client.status(a.id)).body['output']).toBe('a');
		expect((await other.status(b.id)).body['output']).toBe('b');
	});

	test('of the whole size is taken at once', async () => {
		const jobs = await Promise.all(Array.from({ length: 40 }, () => client.runAt(region)));
		const events = jobs.flatMap((job) => [
			eventOf('eu-1', job, 'started'),
			...Array.from({ length: 10 }, (_, n) => eventOf('eu-1', job, 'chunk', { n, text: `"${n}"` })),
			eventOf('eu-1', job, 'result', { text: '[]' }),
		]);
		expect(events).toHaveLength(480);
		expect(new Set(await region.report(events))).toEqual(new Set(['accepted']));
	});

	test.each<[string, string]>([
		['no frames', '{"events":[{"kind":"progress","n":0,"bytes":5}]}\n'],
		['no events', '{"events":[]}\n'],
		['no head', 'x'],
	])('with %s is refused as a whole', async (_what, text) => {
		expect((await region.send('POST', '/regions/v1/events', Buffer.from(text))).status).toBe(400);
	});
});

describe('an output that is no UTF-8', () => {
	test('fails its own job and holds up no other event of its batch', async () => {
		const [bad, good] = [await client.runAt(region), await client.runAt(region)];
		const verdicts = await region.report([eventOf('eu-1', bad, 'result', { text: NOT_UTF8 }), eventOf('eu-1', good, 'result', { text: '"good"' })]);
		expect(verdicts).toEqual(['accepted', 'accepted']);
		expect((await client.status(good.id)).body).toMatchObject({ status: 'COMPLETED', output: 'good' });
		expect((await client.status(bad.id)).body).toMatchObject({ status: 'FAILED', error: expect.stringContaining('UTF-8') as string });
	});

	test.each(['progress', 'chunk'] as const)('as %s is dropped and holds up nothing', async (kind) => {
		const job = await client.runAt(region);
		expect(await region.report([eventOf('eu-1', job, kind, { text: NOT_UTF8 }), eventOf('eu-1', job, 'result', { text: '1' })])).toEqual(['accepted', 'accepted']);
		expect((await client.status(job.id)).body).toMatchObject({ status: 'COMPLETED', output: 1 });
	});

	test('leaves counts and timers of the others right', async () => {
		const fresh = await deploy(edge, [region]);
		const bad = await fresh.runAt(region);
		const waiting = fresh.post('runsync', { input: { sync: 'poison' } });
		const good = await region.dispatched.next(({ payload }) => payload?.includes('"poison"') ?? false, 'dispatch');
		// A region that gets no verdicts sends the batch again, whole or in parts.
		await region.report([eventOf('eu-1', good, 'result', { text: '1' }), eventOf('eu-1', bad, 'progress', { text: NOT_UTF8 })]).catch(() => undefined);
		await region.tell(good, 'result', { text: '1' });
		expect((await waiting).body['status']).toBe('COMPLETED');
		expect((await fresh.health()).jobs).toEqual({ completed: 1, failed: 0, inProgress: 1, inQueue: 0, retried: 0 });
		await until(() => readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs').every(({ id }) => id !== good.id), {
			what: 'the row to be deleted at the end of its retention',
			timeoutMs: 8_000,
		});
	});
});
