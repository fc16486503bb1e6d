import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { grantOf, OPERATOR_TOKEN, type TestBroker } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let a: HostStandIn;
let reports: NodeJS.Timeout;
const out = new Map<number, string>();
beforeAll(async () => {
	world = await startBrokerWorld();
	a = await world.host('host-a', { gpus: 2, gpusFree: 2 });
	const obey = a.obey;
	a.obey = (command) => {
		if (command.op !== 'quarantine-gpu') return obey(command);
		if (command.reason === null) out.delete(command.gpu);
		else out.set(command.gpu, command.reason);
		a.figure = {
			...a.figure,
			gpus: 2 - out.size,
			gpusFree: 2 - out.size,
			gpuFaults: [...out].map(([gpu, reason]) => `GPU ${gpu}: quarantined by the operator: ${reason}`),
			quarantined: [...out.keys()],
		};
	};
	reports = setInterval(() => a.report(), 200);
	await world.grant(grantOf('ep1', { workersMin: 1 }));
	await until(() => a.workers.length === 1, { what: 'a worker' });
});
afterAll(async () => {
	clearInterval(reports);
	await world.close();
});

const post = async (path: string, body?: object, broker: TestBroker = world.broker): Promise<{ status: number; body: Record<string, unknown> }> => {
	const response = await fetch(`${broker.url}/operator/v1/${path}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
interface Queue {
	readonly endpointId: string;
	readonly blocked: string | null;
	readonly decisions: readonly { readonly kind: string; readonly text: string }[];
}
const queueOf = async (endpointId: string, broker = world.broker): Promise<Queue | undefined> =>
	((await broker.operator('queues')) as { queues: Queue[] }).queues.find((queue) => queue.endpointId === endpointId);

describe('a GPU in quarantine', () => {
	it('is taken out by the host, named in the operator’s view, and its workers are told why they go', async () => {
		const [worker] = a.workers;
		const gpu = worker?.gpus[0] ?? -1;
		expect((await post(`hosts/host-a/gpus/${gpu}/quarantine`, { reason: 'ECC, ticket 812' })).status).toBe(200);
		await until(() => out.get(gpu) === 'ECC, ticket 812', { what: 'the host is told' });
		await until(async () => ((await world.broker.operator('hosts/host-a')) as { gpus: number }).gpus === 1, { what: 'the broker has heard' });
		expect(await world.broker.operator('hosts/host-a')).toMatchObject({ gpuFaults: [`GPU ${gpu}: quarantined by the operator: ECC, ticket 812`], quarantined: [gpu] });
		await until(
			async () => (await queueOf('ep1'))?.decisions.some(({ text }) => text.includes(`${worker?.id} on host-a: GPU ${gpu}: quarantined by the operator: ECC, ticket 812`)),
			{
				what: 'the decision says why',
			},
		);
		await until(() => world.edge.heartbeats.at(-1)?.hosts.find(({ id }) => id === 'host-a')?.gpus === 1, { what: 'the edge has heard' });
	});

	it('is why a job waits', async () => {
		await world.grant(grantOf('ep2', { workersMin: 1, spec: { gpuCount: 2 } }));
		await until(async () => (await queueOf('ep2'))?.blocked?.includes('no host with 2 GPUs (1 GPU there taken out)'), { what: 'the reason' });
	});

	it('stays out for a new boot of the host and for another broker, until it is released there', async () => {
		const [gpu = -1] = out.keys();
		out.clear();
		a.boot = 'boot-host-a-2';
		a.figure = { gpus: 2, gpusFree: 2 };
		a.workers = [];
		a.report();
		await until(() => out.has(gpu), { what: 'the new boot is told' });
		const other = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
		await until(async () => (await post(`hosts/host-a/gpus/${gpu}/release`, undefined, other)).status === 200, { what: 'the other broker knows the host' });
		await until(() => !out.has(gpu), { what: 'the host has it back' });
	});

	it('must be one that is there, and be taken out by the operator', async () => {
		expect(await post('hosts/host-a/gpus/7/quarantine')).toMatchObject({ status: 404, body: { error: 'host host-a has no GPU "7": they are numbered 0 to 1' } });
		expect((await post('hosts/host-x/gpus/0/quarantine')).status).toBe(404);
		expect(await post('hosts/host-a/gpus/0/quarantine', { reason: '' })).toMatchObject({ status: 400, body: { error: expect.stringContaining('reason') } });
		expect((await fetch(`${world.broker.url}/operator/v1/hosts/host-a/gpus/0/quarantine`, { method: 'POST' })).status).toBe(401);
	});
});

it('a GPU that fails is told to whose workers were on it', async () => {
	await until(() => a.workers.length > 0, { what: 'a worker' });
	const [worker] = a.workers;
	const fault = `GPU ${worker?.gpus[0]}: Xid 79: it has fallen off the bus`;
	a.figure = { gpus: 1, gpusFree: 1, gpuFaults: [fault] };
	a.report();
	await until(async () => (await queueOf(worker?.endpointId ?? ''))?.decisions.some(({ text }) => text === `${worker?.id} on host-a: ${fault}`), { what: 'the decision says why' });
	a.figure = { gpus: 2, gpusFree: 2 };
	a.report();
});

describe('a worker that the operator evicts', () => {
	it('is told to end, its jobs first or at once, and why stands among the decisions', async () => {
		await until(() => a.workers.some(({ phase }) => phase === 'idle'), { what: 'a worker' });
		const worker = a.workers.find(({ phase }) => phase === 'idle');
		const answer = await post(`workers/${worker?.id}/evict`, { reason: 'hangs', now: true });
		expect(answer).toMatchObject({ status: 200, body: { id: worker?.id, hostId: 'host-a', jobs: 0, now: true } });
		expect(a.commands).toContainEqual({ op: 'stop-worker', workerId: worker?.id, now: true, reason: 'evicted by the operator: hangs' });
		const { decisions = [] } = (await queueOf(worker?.endpointId ?? '')) ?? {};
		expect(decisions.map(({ text }) => text)).toContain(`${worker?.id} on host-a: evicted by the operator at once: hangs`);
	});

	it('must be there', async () => {
		expect(await post('workers/w0000/evict')).toMatchObject({ status: 404, body: { error: expect.stringContaining('no worker "w0000"') } });
		expect((await post('workers/w0000/evict', { force: true })).status).toBe(400);
	});
});
