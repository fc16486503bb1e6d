/** Running attempts that their host may have forgotten: the region is asked, and only its word, twice in a row, ends one. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { type Dispatched, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
beforeEach(() => {
	region.onInventory = () => 'running';
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

const started = async (): Promise<Dispatched> => {
	const job = await client.runAt(region);
	expect(await region.tell(job, 'started')).toBe('accepted');
	return job;
};
const question = (job: Dispatched, from = 0) => region.asked.next(({ id }) => id === job.id, 'question about the running job', { from, timeoutMs: 20_000 });
const again = (job: Dispatched) => region.dispatched.next(({ id, epoch }) => id === job.id && epoch === job.epoch + 1, 'the next attempt', { timeoutMs: 20_000 });

test('a host that does not have a started job any more, and says so twice, costs the job one retry', async () => {
	region.onInventory = () => 'forgotten';
	const first = await started();
	expect(await question(first)).toMatchObject({ epoch: 1, hostBoot: `boot-of-${region.id}` });
	const second = await again(first);
	expect(region.asked.all.filter(({ id }) => id === first.id)).toHaveLength(2);
	expect(await region.tell(first, 'result', { text: '"late"' })).toBe('stop');
	expect(await region.tell(second, 'result', { text: '"second"' })).toBe('accepted');
	expect((await client.status(first.id)).body).toMatchObject({ status: 'COMPLETED', output: 'second', retries: 1 });
}, 60_000);

test('the second time the job fails with the reason, and who waits for it hears of it', async () => {
	region.onInventory = () => 'forgotten';
	const waiting = client.post('runsync?wait=60000', { input: { forget: 'twice' } });
	const first = await region.dispatched.next(({ payload }) => payload?.includes('"twice"') ?? false, 'dispatch');
	await region.tell(first, 'started');
	await region.tell(await again(first), 'started');
	expect((await waiting).body).toMatchObject({
		id: first.id,
		status: 'FAILED',
		retries: 1,
		error: 'job timed out after 1 retries: its host does not have it any more: it neither runs there nor has a result',
	});
}, 90_000);

test.each(['running', 'unsure'] as const)(
	'one that is %s after a doubt runs on',
	async (state) => {
		const job = await started();
		let asked = 0;
		region.onInventory = ({ id }) => (id !== job.id ? 'running' : ++asked === 1 ? 'forgotten' : state);
		// The third question is asked of an attempt that the second answer has not ended.
		for (let from = 0; asked < 3; from = region.asked.all.length) await question(job, from);
		expect((await client.status(job.id)).body['status']).toBe('IN_PROGRESS');
		expect(await region.tell(job, 'result', { text: '1' })).toBe('accepted');
		expect((await client.status(job.id)).body).not.toHaveProperty('retries');
	},
	60_000,
);
