/** Timers on the real alarm, seen from outside: reads on both sides of every end, limits that nothing extends. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const RETENTION_ASYNC_MS = 3_000;
const RETENTION_SYNC_MS = 1_500;

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RETENTION_ASYNC_MS, RETENTION_SYNC_MS, RATE_LIMITS: 'off' });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

interface Read {
	readonly sentAt: number;
	readonly cameAt: number;
	readonly status: number;
	readonly text: string;
}

/** Reads a job again and again, three readers at a time, until each has seen it gone ten times. A call that a killed edge broke counts for nothing. */
async function readToTheEnd(id: string, verb = 'status'): Promise<Read[]> {
	const reads: Read[] = [];
	const reader = async (): Promise<void> => {
		for (let gone = 0; gone < 10; ) {
			const sentAt = Date.now();
			const answer = await edge.call('GET', `/v2/${client.endpointId}/${verb}/${id}`, undefined, client.key).catch(() => null);
			if (answer === null || answer.status >= 500) continue;
			reads.push({ sentAt, cameAt: Date.now(), status: answer.status, text: answer.text });
			if (answer.status === 404) gone++;
		}
	};
	await Promise.all([reader(), reader(), reader()]);
	return reads;
}

/** When the edge wrote that the job has ended. */
async function endedAt(id: string): Promise<number> {
	const { body } = await edge.call('GET', `/v2/${client.endpointId}/requests`, undefined, client.key);
	const job = (body['requests'] as { id: string; completedAt: string }[]).find((one) => one.id === id);
	return Date.parse(job?.completedAt ?? '');
}

/** Every read that came before `end` has the one text, every read that left at `end` or later is 404; and there were reads on both sides. */
function expectSharpEnd(reads: readonly Read[], end: number): void {
	const before = reads.filter(({ cameAt }) => cameAt < end);
	const after = reads.filter(({ sentAt }) => sentAt >= end);
	expect(before.length).toBeGreaterThan(10);
	expect(after.length).toBeGreaterThan(10);
	expect(before.filter(({ status, text }) => status !== 200 || text !== before[0]?.text)).toEqual([]);
	expect(after.filter(({ status }) => status !== 404)).toEqual([]);
}

async function completed(output = '"kept"'): Promise<string> {
	const job = await client.runAt(region);
	await region.tell(job, 'result', { text: output });
	return job.id;
}

describe('a result', () => {
	test('of run is there on every read before its end and on none after it', async () => {
		const id = await completed();
		const end = (await endedAt(id)) + RETENTION_ASYNC_MS;
		expectSharpEnd(await readToTheEnd(id), end);
	});

	test('that lies in many rows too', async () => {
		const job = await client.runAt(region);
		const bytes = Buffer.from(`"${'x'.repeat(300_000)}"`);
		await region.upload(job, bytes);
		await region.tell(job, 'result', { uploadedBytes: bytes.length });
		const end = (await endedAt(job.id)) + RETENTION_ASYNC_MS;
		expectSharpEnd(await readToTheEnd(job.id, 'status-sync'), end);
	});

	test('of runsync has the shorter time', async () => {
		const waiting = client.post('runsync');
		const job = await region.dispatched.next(({ id }) => id.startsWith('sync-'), 'dispatch');
		await region.tell(job, 'result', { text: '1' });
		await waiting;
		const end = (await endedAt(job.id)) + RETENTION_SYNC_MS;
		expectSharpEnd(await readToTheEnd(job.id), end);
	});

	test('keeps its end through a kill -9 of the edge', async () => {
		const id = await completed();
		const end = (await endedAt(id)) + RETENTION_ASYNC_MS;
		const [reads] = await Promise.all([readToTheEnd(id), edge.restart()]);
		expectSharpEnd(reads, end);
	});

	test('is shortened by a caller’s ttl and never extended by one', async () => {
		const [kept, cut] = [await completed(), await completed()];
		const end = (await endedAt(kept)) + RETENTION_ASYNC_MS;
		for (const ttl of [RETENTION_ASYNC_MS * 100, 604_800_000]) await client.post(`status/${kept}?ttl=${ttl}`);
		const cutAt = Date.now();
		await client.post(`status/${cut}?ttl=1000`);
		const cutBy = Date.now() + 1_000;
		await client.post(`status/${cut}?ttl=2500`);
		const [keptReads, cutReads] = await Promise.all([readToTheEnd(kept), readToTheEnd(cut)]);
		expectSharpEnd(keptReads, end);
		expect(cutReads.filter(({ cameAt, status }) => cameAt < cutAt + 1_000 && status !== 200)).toEqual([]);
		expect(cutReads.filter(({ sentAt, status }) => sentAt >= cutBy && status !== 404)).toEqual([]);
		expect(cutBy).toBeLessThan(end);
	});
});

describe('a running job', () => {
	/** Says every 300 ms that it goes on, until the edge wants no more; the last verdict. */
	const chatter = (job: Parameters<Region['tell']>[0]): Promise<unknown> => {
		let n = 0;
		return until(
			async () => {
				const verdict = await region.tell(job, 'progress', { n: n++, text: '"still"' });
				return verdict === 'stop' && verdict;
			},
			{ what: 'the edge to stop the job', timeoutMs: 25_000, everyMs: 300 },
		);
	};

	test('ends at its execution timeout from its start, whatever it says, and its time in the queue does not count', { timeout: 60_000 }, async () => {
		const job = await client.runAt(region, { input: {}, policy: { executionTimeout: 5_000 } });
		await new Promise((resolve) => setTimeout(resolve, 3_000));
		expect((await client.status(job.id)).body['status']).toBe('IN_QUEUE');
		await region.tell(job, 'started');
		expect(await chatter(job)).toBe('stop');
		const { body } = await client.status(job.id);
		expect(body).toMatchObject({ status: 'FAILED', error: 'executionTimeout exceeded' });
		expect(body['delayTime']).toBeGreaterThanOrEqual(3_000);
		expect(body['executionTime']).toBeGreaterThanOrEqual(5_000);
		await region.revoked.next(({ id }) => id === job.id, 'revoke');
	});

	test('ends at its ttl, which counts from the submit, whatever it says', { timeout: 60_000 }, async () => {
		const submitted = Date.now();
		const job = await client.runAt(region, { input: {}, policy: { ttl: 10_000 } });
		await region.tell(job, 'started');
		expect(await chatter(job)).toBe('stop');
		expect(Date.now() - submitted).toBeGreaterThanOrEqual(10_000);
		expect((await client.status(job.id)).body).toMatchObject({ status: 'TIMED_OUT', error: expect.stringContaining('while it ran') as string });
		await region.revoked.next(({ id }) => id === job.id, 'revoke');
		expect(await region.tell(job, 'result', { text: '"late"' })).toBe('stop');
	});
});
