/** `kill -9` of the edge in every phase of a job: what was acknowledged is there again, and goes on where it was. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 20_000, START_WITHIN_MS: 1_000 });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

describe('a killed edge', () => {
	test('sends a job that no region had again after its restart', async () => {
		region.onDispatch = () => 'refused';
		const id = await client.run({ input: { waiting: true } });
		await region.dispatched.next((job) => job.id === id, 'refused dispatch');
		await edge.kill();
		region.onDispatch = () => 'accepted';
		const from = region.dispatched.all.length;
		await edge.restart();
		const job = await region.dispatched.next((candidate) => candidate.id === id, 'dispatch after the restart', { from });
		expect(job.payload).toBe(`{"id":"${id}","input":{"waiting":true}}`);
		expect(await region.tell(job, 'result')).toBe('accepted');
	});

	test('sends a dispatch that found no answer again, as the same attempt', async () => {
		region.onDispatch = () => 'silence';
		const first = await client.runAt(region);
		await edge.kill();
		region.onDispatch = () => 'accepted';
		const from = region.dispatched.all.length;
		await edge.restart();
		const again = await region.dispatched.next((job) => job.id === first.id, 'same attempt after the restart', { from });
		expect([again.epoch, again.token]).toEqual([first.epoch, first.token]);
		expect(await region.tell(first, 'result')).toBe('accepted');
	});

	test('asks about a queued job, and takes its reports, claims and payload as before', async () => {
		const job = await client.runAt(region, { input: { blob: 'x'.repeat(100_000) } });
		await new Promise((resolve) => setTimeout(resolve, 200));
		await edge.restart();
		await region.asked.next((ref) => ref.id === job.id, 'question about the queued job');
		expect((await region.payload(job)).status).toBe(200);
		expect(await region.claim(job)).toBe('run');
		expect(await region.tell(job, 'result', { text: '1' })).toBe('accepted');
	});

	test('knows a running job, its progress and its uploaded output', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'progress', { text: '"half"' });
		await edge.restart();
		expect((await client.status(job.id)).body).toMatchObject({ status: 'IN_PROGRESS', output: 'half', workerId: 'worker-1' });
		await region.upload(job, Buffer.from(`"${'y'.repeat(300_000)}"`));
		await edge.restart();
		expect(await region.tell(job, 'result', { uploadedBytes: 300_002 })).toBe('accepted');
		await edge.restart();
		expect(((await client.status(job.id)).body['output'] as string).length).toBe(300_000);
		expect(await region.tell(job, 'result', { uploadedBytes: 300_002 })).toBe('duplicate');
	});

	test('keeps fencing: an attempt that was lost before the kill stays lost', async () => {
		const first = await client.runAt(region);
		await region.tell(first, 'lost');
		const second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
		await edge.restart();
		expect(await region.tell(first, 'result', { text: '"stale"' })).toBe('stop');
		expect(await region.tell(second, 'result', { text: '"good"' })).toBe('accepted');
		expect((await client.status(first.id)).body).toMatchObject({ status: 'COMPLETED', output: 'good', retries: 1 });
	});

	test('loses none of the jobs that it acknowledged under load', { timeout: 60_000 }, async () => {
		const acknowledged: string[] = [];
		const submit = async (n: number): Promise<void> => {
			for (;;) {
				try {
					acknowledged.push(await client.run({ input: { n } }));
				} catch {
					return; // The edge was killed under this call: nobody was promised this one.
				}
			}
		};
		const clients = Array.from({ length: 8 }, (_, n) => submit(n));
		await region.dispatched.next(() => acknowledged.length >= 150, '150 jobs', { from: region.dispatched.all.length });
		await edge.kill();
		await Promise.all(clients);
		await edge.restart();
		const answers = await Promise.all(acknowledged.map((id) => client.status(id)));
		expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
		for (const id of acknowledged) await region.dispatched.next((job) => job.id === id, `dispatch of ${id}`);
		expect((await client.health()).jobs['inQueue']).toBeGreaterThanOrEqual(acknowledged.length);
	});
});
