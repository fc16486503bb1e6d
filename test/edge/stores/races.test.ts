/** Things that happen to one job at the same time, two hundred times each: one end, one webhook, nothing comes back, nothing stays open. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { atOnce, expectOneEnd, ROUNDS, race, watch } from '../support/races.ts';
import { readRows } from '../support/read-rows.ts';
import { eventOf, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Sink, startSink } from '../support/sink.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let sink: Sink;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RATE_LIMITS: 'off', WEBHOOK_ALLOW_PRIVATE: 1, REGION_LEASE_MS: 60_000 });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	sink = await startSink();
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await sink?.stop();
	await edge?.stop();
});

const submitWithHook = (): ReturnType<Client['runAt']> => client.runAt(region, { input: {}, webhook: `${sink.url}/hook` });

/** Every job of the shard that has not ended. */
const openJobs = (of = edge): unknown[] => readRows(of, 'JobStore', 'jobs', "SELECT id, phase FROM jobs WHERE phase IN ('waiting', 'sent', 'queued', 'running')");

/** Each of these jobs was called for exactly once, none of the others at all. */
async function expectHooks(called: readonly string[], silent: readonly string[]): Promise<void> {
	for (const id of called) await sink.next(id);
	await until(async () => (await edge.call('GET', `/v2/${client.endpointId}/webhooks`, undefined, client.key)).body['pending'] === 0, { what: 'webhooks to be delivered' });
	expect(called.filter((id) => sink.of(id).length !== 1)).toEqual([]);
	expect(silent.filter((id) => sink.of(id).length !== 0)).toEqual([]);
}

describe(`two hundred times (${ROUNDS})`, { timeout: 300_000 }, () => {
	test('cancel against completion: one of the two, for every reader', async () => {
		const ended = { COMPLETED: [] as string[], CANCELLED: [] as string[] };
		await race(async (random) => {
			const job = await submitWithHook();
			if (random() < 0.5) await region.tell(job, 'started');
			const watching = watch(client, job.id);
			const [verdict, answer] = await atOnce(random, [() => region.tell(job, 'result', { text: '"done"' }), () => client.cancel(job.id)] as const);
			const { body } = await client.status(job.id);
			expectOneEnd([...(await watching.stop()), body['status'] as string]);
			const status = body['status'] as keyof typeof ended;
			expect([verdict, answer.status, answer.body['status'], body['output']]).toEqual(
				status === 'COMPLETED' ? ['accepted', 200, status, 'done'] : ['stop', 200, 'CANCELLED', undefined],
			);
			ended[status].push(job.id);
		});
		expect(ended.COMPLETED.length).toBeGreaterThan(0);
		expect(ended.CANCELLED.length).toBeGreaterThan(0);
		await expectHooks(ended.COMPLETED, ended.CANCELLED);
		expect(openJobs()).toEqual([]);
	});

	test('progress and chunks after the result: the result stays', async () => {
		const ids: string[] = [];
		let late = 0;
		await race(async (random) => {
			const job = await submitWithHook();
			const watching = watch(client, job.id);
			const [verdict, ...others] = await atOnce(random, [
				() => region.tell(job, 'result', { text: '"done"' }),
				() => region.tell(job, 'progress', { n: 1, text: '"half"' }),
				() => region.tell(job, 'chunk', { n: 2, text: '"part"' }),
				() => region.tell(job, 'started'),
			] as const);
			const { body } = await client.status(job.id);
			expectOneEnd([...(await watching.stop()), body['status'] as string]);
			expect([verdict, body['status'], body['output']]).toEqual(['accepted', 'COMPLETED', 'done']);
			late += others.filter((other) => other === 'stop').length;
			ids.push(job.id);
		});
		expect(late).toBeGreaterThan(0);
		await expectHooks(ids, []);
		expect(openJobs()).toEqual([]);
	});

	test('two results for one job: of the same attempt, and of a lost one and its successor', async () => {
		const ids: string[] = [];
		await race(async (random, n) => {
			const first = await submitWithHook();
			const isSame = n % 2 === 0;
			let second = first;
			if (!isSame) {
				const lost = region.tell(first, 'lost');
				second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
				expect(await lost).toBe('accepted');
			}
			const watching = watch(client, first.id);
			const [a, b] = await atOnce(random, [() => region.tell(first, 'result', { text: '"first"' }), () => region.tell(second, 'result', { text: '"second"' })] as const);
			const { body } = await client.status(first.id);
			expectOneEnd([...(await watching.stop()), body['status'] as string]);
			expect([a, b].filter((verdict) => verdict === 'accepted')).toHaveLength(1);
			expect(body).toMatchObject({ status: 'COMPLETED', output: a === 'accepted' ? 'first' : 'second' });
			if (!isSame) expect([a, b]).toEqual(['stop', 'accepted']);
			expect((await sink.next(first.id)).body['output']).toBe(body['output']);
			ids.push(first.id);
		});
		await expectHooks(ids, []);
		expect(openJobs()).toEqual([]);
	});
});

describe(`two hundred times (${ROUNDS}), on endpoints of their own`, { timeout: 300_000 }, () => {
	test('purge against submit: what was acknowledged before goes, what came after stays, what is in between is whole', async () => {
		const clients = await Promise.all(Array.from({ length: 4 }, () => deploy(edge, [], {}, client.key)));
		const counts = { purged: 0, kept: 0 };
		// One round at a time on an endpoint: a purge knows no rounds.
		const free = [...clients];
		await race(async (random) => {
			const own = free.pop() as Client;
			const early = [await own.run(), await own.run()];
			const [answer, ...between] = await atOnce(random, [() => own.post('purge-queue'), () => own.run(), () => own.run(), () => own.run()] as const, 3);
			const later = await own.run();
			const ids = [...early, ...between, later];
			const views = await Promise.all(ids.map((id) => own.status(id)));
			const statuses = views.map(({ body }) => body['status'] as string);
			const purged = ids.filter((_, i) => statuses[i] === 'CANCELLED');
			expect(answer.body).toEqual({ removed: purged.length, status: 'completed' });
			expect(statuses.slice(0, 2)).toEqual(['CANCELLED', 'CANCELLED']);
			expect(statuses.at(-1)).toBe('IN_QUEUE');
			for (const [i, id] of ids.entries()) {
				const isPurged = statuses[i] === 'CANCELLED';
				if (isPurged) continue;
				const job = await region.dispatched.next((one) => one.id === id, `dispatch of ${id}`);
				expect(await region.tell(job, 'result', { text: '1' })).toBe('accepted');
			}
			for (const job of region.dispatched.all.filter(({ id }) => purged.includes(id))) expect(await region.tell(job, 'result', { text: '2' })).toBe('stop');
			const after = await Promise.all(ids.map((id) => own.status(id)));
			expect(after.map(({ body }) => body['status'])).toEqual(statuses.map((status) => (status === 'CANCELLED' ? 'CANCELLED' : 'COMPLETED')));
			counts.purged += purged.length - 2;
			counts.kept += ids.length - purged.length - 1;
			free.push(own);
		}, clients.length);
		expect(counts.purged).toBeGreaterThan(0);
		expect(counts.kept).toBeGreaterThan(0);
		expect(openJobs()).toEqual([]);
	});
});

describe(`two hundred times (${ROUNDS}), at the end of a retention`, { timeout: 300_000 }, () => {
	const RETENTION_MS = 1_500;
	let short: Edge;
	let shortRegion: Region;
	let own: Client;
	beforeAll(async () => {
		short = await startEdge({ RATE_LIMITS: 'off', RETENTION_ASYNC_MS: RETENTION_MS, REGION_LEASE_MS: 60_000 });
		shortRegion = await startRegion(short, 'eu-1');
		shortRegion.beat(true);
		own = await deploy(short, [shortRegion]);
	});
	afterAll(async () => {
		await shortRegion?.close();
		await short?.stop();
	});

	test('retry against expiry: it lives again once, or is gone for good', async () => {
		const counts = { again: 0, gone: 0 };
		await race(async (random) => {
			const job = await own.runAt(shortRegion);
			const before = Date.now();
			await shortRegion.report([eventOf('eu-1', job, 'result', { error: 'it broke' })]);
			const end = (before + Date.now()) / 2 + RETENTION_MS;
			await new Promise((resolve) => setTimeout(resolve, end - Date.now() - 12));
			const watching = watch(own, job.id);
			const answers = await atOnce(random, [() => own.post(`retry/${job.id}`), () => own.post(`retry/${job.id}`)] as const, 24);
			const retried = answers.filter(({ status }) => status === 200).length;
			expect(retried).toBeLessThanOrEqual(1);
			if (retried === 0) {
				expect(answers.map(({ status }) => status)).toEqual([404, 404]);
				expect((await own.status(job.id)).status).toBe(404);
				expectOneEnd(await watching.stop());
				expect(shortRegion.dispatched.all.filter(({ id }) => id === job.id)).toHaveLength(1);
				counts.gone++;
				return;
			}
			const again = await shortRegion.dispatched.next(({ id, epoch }) => id === job.id && epoch === 2, 'attempt after the retry');
			expect(await shortRegion.tell(job, 'result', { text: '"stale"' })).toBe('stop');
			// Before its second end, whose retention is as short.
			expect(await watching.stop()).not.toContain('404');
			expect(await shortRegion.tell(again, 'result', { text: '"anew"' })).toBe('accepted');
			expect((await own.status(job.id)).body).toMatchObject({ status: 'COMPLETED', output: 'anew' });
			counts.again++;
		}, 40);
		expect(counts.again).toBeGreaterThan(0);
		expect(counts.gone).toBeGreaterThan(0);
		expect(openJobs(short)).toEqual([]);
	});
});
