import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dispatchAnswer, REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { dispatchOf, grantOf } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
beforeEach(async () => {
	world = await startBrokerWorld();
});
afterEach(() => world.close());

const dispatch = (endpointId: string, ids: readonly string[], overrides = {}) => world.broker.call(REGION_PATHS.dispatch, dispatchOf(endpointId, ids, overrides).body);
const startsOf = (host: HostStandIn) => host.commands.filter((command) => command.op === 'start-worker');
const stopsOf = (host: HostStandIn) => host.commands.flatMap((command) => (command.op === 'stop-worker' ? [command.workerId] : []));
/** A host that keeps reporting, as agents do. */
async function liveHost(id: string, figure: Parameters<BrokerWorld['host']>[1] = {}): Promise<HostStandIn> {
	const host = await world.host(id, figure);
	const timer = setInterval(() => (host.nats.isClosed() ? clearInterval(timer) : host.report()), 200);
	return host;
}
const last = () => world.edge.heartbeats.at(-1);

describe('starting', () => {
	it('starts one worker for the first job of a cold endpoint and tells the edge', async () => {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1'));
		await dispatch('ep1', ['a', 'b', 'c']);
		await until(() => startsOf(host).length === 1, { what: 'one start' });
		expect(startsOf(host)[0]).toMatchObject({ endpointId: 'ep1', version: 1, spec: { image: 'example/worker:1' } });
		await until(() => last()?.endpoints['ep1']?.workers.idle === 1, { what: 'the heartbeat counts it' });
	});

	it('adds workers when jobs wait past the delay, within the grant', async () => {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1', { workersMax: 3, spec: { scaling: { type: 'QUEUE_DELAY', queueDelayS: 0.5 } } }));
		await dispatch(
			'ep1',
			Array.from({ length: 9 }, (_, i) => `q${i}`),
		);
		await until(() => host.workers.length === 3, { what: 'three workers' });
		expect(startsOf(host)).toHaveLength(3);
	});

	it('does not scale for low priority', async () => {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1'));
		await world.grant(grantOf('ep2'));
		await dispatch('ep1', ['l1', 'l2'], { lowPriority: true });
		await dispatch('ep2', ['n1']);
		await until(() => startsOf(host).length > 0, { what: 'a start' });
		await until(() => last()?.endpoints['ep1']?.queued === 2, { what: 'the heartbeat counts both' });
		expect(startsOf(host).map(({ endpointId }) => endpointId)).toEqual(['ep2']);
	});

	it('keeps active workers running without any job, spread over hosts', async () => {
		const hosts = [await liveHost('h1'), await liveHost('h2')];
		await world.grant(grantOf('ep1', { workersMin: 2 }));
		await until(() => hosts.every((host) => startsOf(host).length === 1), { what: 'one worker on each host' });
	});

	it('says why nothing fits, and starts as soon as a host comes', async () => {
		await world.grant(grantOf('ep1', { workersMin: 1 }));
		await until(() => last()?.endpoints['ep1']?.blocked === 'ADA_24 has no host in this region', { what: 'the reason' });
		expect(last()?.endpoints['ep1']?.workers.throttled).toBe(1);
		const host = await liveHost('h1');
		await until(() => startsOf(host).length === 1, { what: 'the start' });
		await until(() => last()?.endpoints['ep1']?.blocked === undefined, { what: 'no reason any more' });
	});

	it('tries another host after a refusal and backs off where every one refuses', async () => {
		const [bad, good] = [await liveHost('h1'), await liveHost('h2', { gpusFree: 1 })];
		bad.reply = () => ({ ok: false, error: 'image cannot be pulled' });
		await world.grant(grantOf('ep1', { workersMin: 1 }));
		await until(() => startsOf(good).length === 1, { what: 'the start on the other host' });
		expect(startsOf(bad)).toHaveLength(1);
		expect(await world.broker.operator('workers')).toMatchObject({ failures: [{ endpointId: 'ep1', hostId: 'h1', reason: 'image cannot be pulled' }] });
	});

	it('keeps the exit code and the last words of a worker that ends at once, and backs off', async () => {
		const host = await liveHost('h1');
		host.obey = (command) => {
			if (command.op !== 'start-worker') return;
			host.workers = [
				{
					id: command.workerId,
					endpointId: 'ep1',
					version: 1,
					phase: 'exited',
					gpus: [],
					jobs: [],
					room: 0,
					startedAgoMs: 5,
					idleMs: 0,
					exitCode: 3,
					lastLog: 'no module named x',
				},
			];
		};
		await world.grant(grantOf('ep1', { workersMin: 1 }));
		await until(async () => JSON.stringify(await world.broker.operator('workers')).includes('no module named x'), { what: 'the failure is kept' });
		await until(() => last()?.endpoints['ep1']?.blocked === 'ADA_24 waits after failed starts on h1 (worker ended with exit code 3)', { what: 'the edge hears why' });
		const startsThen = startsOf(host).length;
		await until(() => startsOf(host).length > startsThen, { what: 'another try after the back-off' });
	});
});

describe('stopping', () => {
	it('stops an idle worker at its timeout, never a busy one', async () => {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1', { spec: { idleTimeoutS: 1 } }));
		host.workers = [
			{ id: 'busy', endpointId: 'ep1', version: 1, phase: 'running', gpus: [0], jobs: ['j.1'], room: 0, startedAgoMs: 1, idleMs: 0 },
			{ id: 'idle', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [1], jobs: [], room: 1, startedAgoMs: 1, idleMs: 900 },
		];
		host.report();
		await until(() => stopsOf(host).length > 0, { what: 'a stop' });
		expect(stopsOf(host)).toEqual(['idle']);
	});

	it('replaces idle workers of an older release and drains busy ones', async () => {
		const host = await liveHost('h1');
		host.workers = [
			{ id: 'old-busy', endpointId: 'ep1', version: 1, phase: 'running', gpus: [0], jobs: ['j.1'], room: 0, startedAgoMs: 1, idleMs: 0 },
			{ id: 'old-idle', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [1], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0 },
		];
		await world.grant(grantOf('ep1', { version: 2, workersMin: 1 }));
		await until(() => stopsOf(host).length === 2, { what: 'both are told' });
		await until(() => host.workers.some(({ version }) => version === 2), { what: 'a worker of the new release' });
		expect(host.workers.map(({ id }) => id)).toContain('old-busy');
	});

	it('starts the successor of the last old worker beside it, and only then lets it go', async () => {
		const host = await liveHost('h1');
		host.workers = [{ id: 'old', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0 }];
		const readyAtStop: number[] = [];
		const obey = host.obey;
		host.obey = (command) => {
			if (command.op === 'stop-worker') readyAtStop.push(host.workers.filter(({ phase, version }) => phase === 'idle' && version === 2).length);
			obey(command);
			if (command.op === 'start-worker') host.workers = host.workers.map((worker) => (worker.id === command.workerId ? { ...worker, phase: 'initializing', room: 0 } : worker));
		};
		await world.grant(grantOf('ep1', { version: 2, workersMax: 1, workersMin: 1 }));
		await until(() => host.workers.length === 2, { what: 'the successor starts' });
		expect(stopsOf(host)).toEqual([]);
		expect(last()?.endpoints['ep1']?.workers).toMatchObject({ idle: 1, outdated: 1 });
		host.workers = host.workers.map((worker) => ({ ...worker, phase: 'idle', room: 1 }));
		await until(() => host.workers.length === 1, { what: 'the old one goes' });
		expect(readyAtStop).toEqual([1]);
		expect(host.workers[0]?.version).toBe(2);
	});

	it('lets the last old worker go first where there is no room beside it', async () => {
		const host = await liveHost('h1', { gpus: 1, gpusFree: 1 });
		host.workers = [{ id: 'old', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0 }];
		await world.grant(grantOf('ep1', { version: 2, workersMax: 1, workersMin: 1 }));
		await until(() => host.workers.some(({ version }) => version === 2), { what: 'the successor' });
		expect(host.workers.map(({ version }) => version)).toEqual([2]);
	});

	it('keeps the last old worker while the new release does not come up', async () => {
		const host = await liveHost('h1');
		host.workers = [{ id: 'old', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0 }];
		host.reply = (command) => (command.op === 'start-worker' ? { ok: false, error: 'image cannot be pulled' } : { ok: true });
		await world.grant(grantOf('ep1', { version: 2, workersMax: 1, workersMin: 1 }));
		await until(() => startsOf(host).length >= 2, { what: 'a second try', timeoutMs: 10_000 });
		expect(stopsOf(host)).toEqual([]);
		expect(host.workers.map(({ id }) => id)).toEqual(['old']);
	});

	it('ends the last old worker at its idle timeout where the new release can run nowhere and nobody needs it', async () => {
		const host = await liveHost('h1');
		host.workers = [{ id: 'old', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 900 }];
		await world.grant(grantOf('ep1', { version: 2, workersMax: 2, spec: { idleTimeoutS: 1, gpuPools: ['HOPPER_141'] } }));
		await until(() => host.workers.length === 0, { what: 'the old worker to end', timeoutMs: 10_000 });
		expect(startsOf(host)).toEqual([]);
	});

	it('replaces as many idle workers as there were, also when no job asks for any', async () => {
		const host = await liveHost('h1');
		host.workers = [0, 1, 2].map((n) => ({ id: `old-${n}`, endpointId: 'ep1', version: 1, phase: 'idle' as const, gpus: [n], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0 }));
		await world.grant(grantOf('ep1', { version: 2, workersMax: 3, spec: { idleTimeoutS: 600 } }));
		await until(() => host.workers.length === 3 && host.workers.every(({ version }) => version === 2), { what: 'three workers of the new release' });
		expect(startsOf(host)).toHaveLength(3);
	});

	it('gives a lowered grant back, and ends what belongs to no endpoint of this region', async () => {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1', { workersMin: 2 }));
		await until(() => host.workers.length === 2, { what: 'two workers' });
		await world.grant(grantOf('ep1', { revision: 2, workersMin: 0, workersMax: 1 }));
		await until(() => host.workers.length === 1, { what: 'one worker' });
		world.grants.delete('ep1');
		await until(() => host.workers.length === 0, { what: 'none' });
	});
});

it('with anticipation keeps a spare worker while there are jobs, and lets all go by how many were needed lately', async () => {
	const host = await liveHost('h1');
	await world.grant(grantOf('ep1', { workersMax: 3, spec: { idleTimeoutS: 1, scaling: { type: 'QUEUE_DELAY', queueDelayS: 600, anticipate: { patience: 1, spareWorkers: 1 } } } }));
	const dispatched = await dispatch('ep1', ['a']);
	await until(() => host.workers.length === 2, { what: 'a worker for the job, and one to spare' });
	const { queues } = (await world.broker.operator('queues')) as { queues: { decisions: { kind: string; text: string }[] }[] };
	expect(queues[0]?.decisions.find(({ kind }) => kind === 'scale')?.text).toMatch(/1 to spare$/);
	const [accepted] = dispatchAnswer.parse(dispatched.json).results;
	await world.broker.call(REGION_PATHS.revoke, { jobs: [{ id: 'a', endpointId: 'ep1', epoch: 1, seq: accepted?.seq }] });
	await until(() => host.workers.length === 0, { what: 'both to go' });
});

describe('a better tier that frees up', () => {
	const PLACES = { gpuPools: ['ADA_24' as const, 'AMPERE_24' as const], idleTimeoutS: 1 };

	it.each([
		['there is a place for both in the grant', 2],
		['it is the only one, and fills the grant', 1],
	])('takes over an active worker that rests, its successor first, where %s', async (_, workersMax) => {
		const better = await liveHost('h1', { gpusFree: 0 });
		const worse = await liveHost('h2', { gpuType: 'NVIDIA L4' });
		const readyAtStop: number[] = [];
		const obey = worse.obey;
		worse.obey = (command) => {
			if (command.op === 'stop-worker') readyAtStop.push(better.workers.filter(({ phase }) => phase === 'idle').length);
			obey(command);
		};
		await world.grant(grantOf('ep1', { workersMin: 1, workersMax, spec: PLACES }));
		await until(() => worse.workers.length === 1, { what: 'a worker on the tier that has room' });
		worse.workers = worse.workers.map((worker) => ({ ...worker, idleMs: 5_000 }));
		await until(() => last()?.endpoints['ep1']?.workers.idle === 1, { what: 'its rest' });
		better.figure = { gpusFree: 4 };
		await until(() => worse.workers.length === 0 && better.workers.length === 1, { what: 'the worker on the better tier alone' });
		expect(readyAtStop).toEqual([1]);
		expect([startsOf(better).length, startsOf(worse).length]).toEqual([1, 1]);
	});

	it('leaves a busy worker where it is', async () => {
		const better = await liveHost('h1', { gpusFree: 0 });
		const worse = await liveHost('h2', { gpuType: 'NVIDIA L4' });
		await world.grant(grantOf('ep1', { workersMin: 1, workersMax: 2, spec: PLACES }));
		await until(() => worse.workers.length === 1, { what: 'a worker on the tier that has room' });
		worse.workers = worse.workers.map((worker) => ({ ...worker, phase: 'running' as const, jobs: ['j.1'], room: 0 }));
		better.figure = { gpusFree: 4 };
		await world.grant(grantOf('ep2', { workersMin: 1 }));
		await until(() => startsOf(better).some(({ endpointId }) => endpointId === 'ep2'), { what: 'the room to be known' });
		expect(startsOf(better).map(({ endpointId }) => endpointId)).toEqual(['ep2']);
		worse.workers = worse.workers.map((worker) => ({ ...worker, phase: 'idle' as const, jobs: [], room: 1, idleMs: 2_000 }));
		await until(() => better.workers.some(({ endpointId }) => endpointId === 'ep1') && worse.workers.length === 0, { what: 'the move when it rests' });
	});
});

describe('hosts', () => {
	it('that fall silent are named lost and their workers started elsewhere', async () => {
		const [dies, lives] = [await world.host('h1'), await liveHost('h2', { gpuType: 'NVIDIA L4' })];
		await world.grant(grantOf('ep1', { workersMin: 1, spec: { gpuPools: ['ADA_24', 'AMPERE_24'] } }));
		await until(() => startsOf(dies).length === 1, { what: 'the start on the better pool' });
		dies.answersRollCall = false;
		await until(() => last()?.lostBoots.includes(dies.boot), { what: 'the edge hears of the loss' });
		await until(() => startsOf(lives).length === 1, { what: 'the start elsewhere' });
	});

	it('are acknowledged by the leader alone, with the edge’s silence', async () => {
		const second = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
		const host = await world.host('h1');
		host.acks.length = 0;
		host.report();
		await until(() => host.acks.length > 0, { what: 'an acknowledgement' });
		await host.nats.flush();
		expect(new Set(host.acks.map(({ n }) => n)).size).toBe(host.acks.length);
		expect(host.acks.every(({ hostBoot }) => hostBoot === host.boot)).toBe(true);
		expect(host.acks[0]?.edgeSilentMs).toBeLessThan(10_000);
		expect(await second.operator('hosts')).toMatchObject({ leader: false, hosts: [{ id: 'h1' }] });
	});

	it('that died while no broker watched are lost all the same after the restart', async () => {
		const host = await world.host('h1');
		await until(() => last()?.hosts.length === 1, { what: 'the host is known' });
		await world.broker.stop();
		host.answersRollCall = false;
		world.edge.heartbeats.length = 0;
		await world.replica({});
		await until(() => world.edge.heartbeats.length > 0, { what: 'a heartbeat of the new broker' });
		expect(world.edge.heartbeats[0]).toMatchObject({ hosts: [{ id: 'h1', boot: host.boot }], lostBoots: [] });
		await until(() => last()?.lostBoots.includes(host.boot), { what: 'the edge hears of the loss' });
	});
});

it('hears of jobs that another replica took in', async () => {
	const second = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
	const host = await liveHost('h1');
	await world.grant(grantOf('ep1'));
	await until(async () => JSON.stringify(await second.operator('queues')).includes('ep1'), { what: 'the second broker knows the grant' });
	expect((await second.call(REGION_PATHS.dispatch, dispatchOf('ep1', ['x']).body)).status).toBe(202);
	await until(() => startsOf(host).length === 1, { what: 'the leader starts a worker' });
});

it('keeps what it decided with its inputs', async () => {
	await liveHost('h1');
	await world.grant(grantOf('ep1'));
	await dispatch('ep1', ['a']);
	await until(async () => JSON.stringify(await world.broker.operator('queues')).includes('ADA_24 in EU-RO-1'), { what: 'the placement is told' });
	const { queues } = (await world.broker.operator('queues')) as { queues: { decisions: { kind: string; text: string; inputs: object }[] }[] };
	expect(queues[0]?.decisions[0]).toMatchObject({ kind: 'scale', text: '0 → 1: first job of an endpoint without workers', inputs: { queued: 1, serving: 0 } });
});

describe('FlashBoot', () => {
	const FLASHBOOT = { spec: { idleTimeoutS: 1, flashboot: 'FLASHBOOT' as const } };
	/** A host that keeps one frozen worker of `ep1`, as it came to it. */
	async function hostWithFrozen(): Promise<HostStandIn> {
		const host = await liveHost('h1');
		await world.grant(grantOf('ep1', FLASHBOOT));
		host.workers = [{ id: 'w-kept', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 5_000 }];
		host.report();
		await until(() => host.frozen.length === 1, { what: 'the idle worker is frozen' });
		return host;
	}

	it('freezes a worker at its idle timeout, which then takes no place of the grant', async () => {
		const host = await hostWithFrozen();
		expect(host.commands.filter(({ op }) => op === 'stop-worker')).toEqual([{ op: 'stop-worker', workerId: 'w-kept', freeze: true }]);
		await until(() => last()?.endpoints['ep1']?.alive === 0, { what: 'the edge hears that the endpoint has no worker' });
		expect(await world.broker.operator('hosts')).toMatchObject({ hosts: [{ id: 'h1', frozen: [{ id: 'w-kept' }] }] });
	});

	it('thaws it for the next job, and says so', async () => {
		const host = await hostWithFrozen();
		host.obey = (command) => {
			if (command.op !== 'start-worker') return;
			host.frozen = [];
			const start = { kind: 'frozen' as const, readyMs: 17.4 };
			host.workers = [{ id: command.workerId, endpointId: 'ep1', version: 1, phase: 'idle', gpus: [0], jobs: [], room: 1, startedAgoMs: 1, idleMs: 0, start }];
		};
		await dispatch('ep1', ['a']);
		await until(() => startsOf(host).length === 1, { what: 'the start' });
		expect(startsOf(host)[0]).toMatchObject({ workerId: 'w-kept', thaw: true });
		const said = async () => JSON.stringify((await world.broker.call(REGION_PATHS.decisions, { endpointId: 'ep1' })).json);
		await until(async () => (await said()).includes('w-kept thawed on host h1 in 17 ms'), { what: 'the decision' });
		expect(await said()).toContain('has a frozen worker');
	});

	it('starts another one at once where the host has it no more', async () => {
		const host = await hostWithFrozen();
		host.reply = (command) => {
			if (command.op !== 'start-worker' || command.thaw !== true) return { ok: true };
			host.frozen = [];
			return { ok: false, error: 'gone', notFrozen: true };
		};
		await dispatch('ep1', ['a']);
		await until(() => host.workers.length === 1, { what: 'a worker' });
		expect(startsOf(host).map(({ workerId, thaw }) => [workerId === 'w-kept', thaw])).toEqual([
			[true, true],
			[false, undefined],
		]);
		expect(await world.broker.operator('workers')).toMatchObject({ failures: [] });
	});

	it.each<[string, () => Promise<void> | boolean]>([
		['gets a new release', () => world.grant(grantOf('ep1', { ...FLASHBOOT, revision: 2, version: 2 }))],
		['loses FlashBoot', () => world.grant(grantOf('ep1', { revision: 2, spec: { idleTimeoutS: 1, flashboot: 'OFF' } }))],
		['goes', () => world.grants.delete('ep1')],
	])('ends it when the endpoint %s', async (_name, change) => {
		const host = await hostWithFrozen();
		await change();
		await until(() => host.frozen.length === 0, { what: 'it is ended' });
		expect(startsOf(host)).toEqual([]);
	});
});
