/** Two regions: refusals, silence, moves, and the way back. Every test has an endpoint of its own, so that none inherits a region's faults. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { host } from '../core/samples.ts';
import { type Client, clientOf, deploy } from '../support/client.ts';
import { type Dispatched, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let eu: Region;
let us: Region;
let key: string;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 3_000, SWEEP_MS: 300 });
	eu = await startRegion(edge, 'eu-1');
	us = await startRegion(edge, 'us-1');
	key = await edge.createAccount();
});
beforeEach(async () => {
	for (const region of [eu, us]) {
		region.onDispatch = () => 'accepted';
		region.onInventory = () => 'queued';
		region.lostBoots = [];
		region.endpoints = {};
		// Each region can run half of the workers, so that both hold a grant.
		region.hosts = [host({ id: `host-of-${region.id}`, boot: `boot-of-${region.id}`, gpus: 2 })];
		await region.close();
		await region.open();
		region.beat(true);
	}
});
afterAll(async () => {
	await eu?.close();
	await us?.close();
	await edge?.stop();
});

/** A new endpoint of four workers whose jobs go to `first` while it is well. */
async function deployPreferring(first: Region): Promise<Client> {
	const client = await deploy(edge, [eu, us], { workers: { max: 4 } }, key);
	await prefer(client, first);
	return client;
}

async function prefer(client: Client, first: Region): Promise<void> {
	for (const region of [eu, us]) {
		const free = region === first ? 1_000 : 0;
		region.endpoints = {
			[client.endpointId]: { revision: 1_000_000, workers: { initializing: 0, idle: free, running: 0, throttled: 0, unhealthy: 0, outdated: 0 }, queued: 0, slotsFree: free },
		};
		await region.heartbeat();
	}
}

/** The dispatch of an attempt, wherever it went, and the region that has it. */
async function anywhere(id: string, epoch: number, timeoutMs = 15_000): Promise<{ job: Dispatched; region: Region }> {
	return Promise.race(
		[eu, us].map(async (region) => ({ region, job: await region.dispatched.next((job) => job.id === id && job.epoch === epoch, `attempt ${epoch}`, { timeoutMs }) })),
	);
}

describe('a region that refuses', () => {
	test('costs no retry: the job goes out again under another epoch and token, and what the refuser says does not count', async () => {
		const client = await deployPreferring(eu);
		eu.onDispatch = () => 'refused';
		const first = await client.runAt(eu);
		await prefer(client, us);
		const second = await us.dispatched.next((job) => job.id === first.id, 'dispatch to the other region');
		expect(second.epoch).toBeGreaterThan(first.epoch);
		expect(second.token).not.toBe(first.token);
		expect(await eu.tell(first, 'result', { text: '"refused but ran"' })).toBe('stop');
		expect(await us.tell(second, 'result', { text: '"good"' })).toBe('accepted');
		const { body } = await client.status(first.id);
		expect(body).toMatchObject({ status: 'COMPLETED', output: 'good' });
		expect(body).not.toHaveProperty('retries');
	});

	test('is asked again, at growing distance, when there is no other', async () => {
		const client = await deployPreferring(eu);
		let left = 3;
		eu.onDispatch = () => (left-- > 0 ? 'refused' : 'accepted');
		us.onDispatch = () => 'refused';
		const id = await client.run();
		const job = await eu.dispatched.next((candidate) => candidate.id === id && left < 0, 'the attempt that was taken');
		expect(await eu.tell(job, 'result')).toBe('accepted');
	});
});

describe('a region without an answer', () => {
	test.each<[string, Region['onDispatch']]>([
		['answers 503', () => 503],
		['answers nothing', () => 'silence'],
	])('that %s is sent the same attempt again: it may have it', async (_what, rule) => {
		const client = await deployPreferring(eu);
		let left = 2;
		eu.onDispatch = (job) => (left-- > 0 ? rule(job) : 'accepted');
		const first = await client.runAt(eu);
		const again = await eu.dispatched.next((job) => job.id === first.id && job !== first, 'the same dispatch again');
		expect([again.epoch, again.token, again.payload]).toEqual([first.epoch, first.token, first.payload]);
		// The window runs from the first dispatch on, so that no repeat of it starts without a claim after the job has moved.
		expect(again.startWithinMs).toBeLessThan(first.startWithinMs);
		expect(us.dispatched.all.some((job) => job.id === first.id)).toBe(false);
		expect(await eu.tell(first, 'result')).toBe('accepted');
	});

	test('past the start window loses the job to the other region, and gets new jobs again when it is back', { timeout: 60_000 }, async () => {
		const client = await deployPreferring(eu);
		eu.onDispatch = () => 503;
		const first = await client.runAt(eu);
		const moved = await us.dispatched.next((job) => job.id === first.id, 'move to the other region');
		expect(moved.epoch).toBe(2);
		expect(await us.tell(moved, 'result')).toBe('accepted');
		// Nothing that failed there is wanted any more: nothing is left that could show that it is well again.
		await new Promise((resolve) => setTimeout(resolve, 3_500));
		eu.onDispatch = () => 'accepted';
		// A region is left alone for a while after a failure, not for ever: with a thousand free slots it is the better choice.
		const from = eu.dispatched.all.length;
		const submitting = setInterval(() => void client.run().then((job) => client.cancel(job)), 250);
		try {
			await eu.dispatched.next(({ id }) => id !== first.id, 'a new job at the region that came back', { from, timeoutMs: 20_000 });
		} finally {
			clearInterval(submitting);
		}
	});
});

describe('the sweep', () => {
	test('gives an attempt that is provably nowhere in its region a new epoch, without costing a retry', async () => {
		const client = await deployPreferring(eu);
		eu.onInventory = ({ epoch }) => (epoch === 1 ? 'gone' : 'queued');
		const first = await client.runAt(eu);
		const { job: second, region } = await anywhere(first.id, 2);
		expect(second.token).not.toBe(first.token);
		expect(await eu.claim(first)).toBe('drop');
		expect(await region.tell(second, 'result')).toBe('accepted');
		expect((await client.status(first.id)).body).not.toHaveProperty('retries');
	});

	test.each(['unsure', 'queued', 'running'] as const)('leaves an attempt that is %s where it is', async (state) => {
		const client = await deployPreferring(eu);
		eu.onInventory = () => state;
		const job = await client.runAt(eu);
		const asked = (from: number): Promise<unknown> => eu.asked.next((ref) => ref.id === job.id, 'question', { from });
		await asked(0);
		await asked(eu.asked.all.length);
		expect([...eu.dispatched.all, ...us.dispatched.all].filter(({ id }) => id === job.id)).toHaveLength(1);
		expect(await eu.tell(job, 'result')).toBe('accepted');
	});

	test('is not held up by a region that takes a question and never answers', { timeout: 60_000 }, async () => {
		const client = await deployPreferring(eu);
		eu.onInventory = () => 'silence';
		const asked = await client.runAt(eu);
		await eu.asked.next((ref) => ref.id === asked.id, 'question');
		// Refused now: its own timer must bring it back although the question is still open.
		eu.onDispatch = () => 'refused';
		const refused = await client.runAt(eu);
		eu.onDispatch = () => 'accepted';
		const { job, region } = await anywhere(refused.id, 2, 5_000);
		expect(await region.tell(job, 'result')).toBe('accepted');
	});
});

describe('a lost host', () => {
	test('costs its running jobs a retry, and a second loss ends them with the reason', async () => {
		const client = await deployPreferring(eu);
		const first = await client.runAt(eu);
		await eu.tell(first, 'started', { hostBoot: 'doomed-1' });
		eu.lostBoots = ['doomed-1'];
		await eu.heartbeat();
		const { job: second, region } = await anywhere(first.id, 2);
		expect(await eu.tell(first, 'result', { hostBoot: 'doomed-1' })).toBe('stop');
		await region.tell(second, 'started', { hostBoot: 'doomed-2' });
		region.lostBoots = ['doomed-1', 'doomed-2'];
		await region.heartbeat();
		expect(await client.untilStatus(first.id, 'FAILED')).toMatchObject({ retries: 1, error: expect.stringMatching(/^job timed out after 1 retries: .*host/) as string });
	});

	test('stays lost when the broker that said so is started again and knows nothing of it', async () => {
		const client = await deployPreferring(eu);
		const job = await client.runAt(eu);
		await eu.tell(job, 'started', { hostBoot: 'doomed-4' });
		eu.lostBoots = ['doomed-4'];
		await eu.heartbeat();
		eu.lostBoots = [];
		await eu.heartbeat();
		expect((await anywhere(job.id, 2)).job.id).toBe(job.id);
	});

	test('loses nothing when it comes back under its old boot within the grace', async () => {
		const client = await deployPreferring(eu);
		const job = await client.runAt(eu);
		await eu.tell(job, 'started', { hostBoot: 'returning-1' });
		eu.lostBoots = ['returning-1'];
		await eu.heartbeat();
		const hosts = eu.hosts;
		eu.lostBoots = [];
		eu.hosts = hosts.map((host) => ({ ...host, boot: 'returning-1' }));
		await eu.heartbeat();
		await new Promise((done) => setTimeout(done, 4_000));
		expect((await client.status(job.id)).body['status']).toBe('IN_PROGRESS');
		eu.hosts = hosts;
	});

	test('loses nothing when its result comes within the grace', async () => {
		const client = await deployPreferring(eu);
		const job = await client.runAt(eu);
		await eu.tell(job, 'started', { hostBoot: 'doomed-3' });
		eu.lostBoots = ['doomed-3'];
		await eu.heartbeat();
		expect(await eu.tell(job, 'result', { hostBoot: 'doomed-3', text: '"saved"' })).toBe('accepted');
		expect((await client.status(job.id)).body).toMatchObject({ status: 'COMPLETED', output: 'saved' });
	});
});

describe('a region that falls silent past its lease', () => {
	test('loses its queued jobs without a retry and its running ones with one, and its late words stop', { timeout: 60_000 }, async () => {
		const client = await deployPreferring(us);
		const [queued, running] = [await client.runAt(us), await client.runAt(us)];
		await us.tell(running, 'started');
		us.beat(false);
		const moved = await eu.dispatched.next((job) => job.id === queued.id, 'move of the queued job');
		const rerun = await eu.dispatched.next((job) => job.id === running.id, 'move of the running job');
		expect([moved.epoch, rerun.epoch]).toEqual([2, 2]);
		expect(await us.tell(queued, 'started')).toBe('stop');
		expect(await us.tell(running, 'result')).toBe('stop');
		await eu.tell(moved, 'result');
		await eu.tell(rerun, 'result');
		expect((await client.status(queued.id)).body).not.toHaveProperty('retries');
		expect((await client.status(running.id)).body).toMatchObject({ status: 'COMPLETED', retries: 1 });
	});
});

describe('a job without any region', () => {
	test('goes out as soon as capacity for it appears', async () => {
		const created = await edge.call('POST', '/v2/serverless', { name: 'rare', type: 'QUEUE', image: 'i', gpu: { pools: ['BLACKWELL_180'] } }, key);
		const client = clientOf(edge, created.body['id'] as string, key);
		const id = await client.run();
		eu.hosts = [...eu.hosts, host({ id: `rare-${id}`, boot: 'rare-boot', gpuType: 'NVIDIA B200' })];
		await eu.heartbeat();
		const job = await eu.dispatched.next((candidate) => candidate.id === id, 'dispatch', { timeoutMs: 3_000 });
		expect(await eu.tell(job, 'result')).toBe('accepted');
	});
});
