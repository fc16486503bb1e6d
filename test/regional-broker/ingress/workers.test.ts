import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OpenPort } from '../../../shared-schema/src/wire/open-port.ts';
import { REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { workersAnswer } from '../../../shared-schema/src/wire/region-workers.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
beforeAll(async () => {
	world = await startBrokerWorld();
});
afterAll(() => world?.close());

const ask = (body: object) => world.broker.call(REGION_PATHS.workers, body);

it('names the workers of one endpoint with their place, release and state, those that are gone left out', async () => {
	const host = await world.host('h1', { gpuType: 'NVIDIA L4' });
	const base = { version: 1, gpus: [0], jobs: [], room: 0, startedAgoMs: 5_000, idleMs: 0 };
	const ports: OpenPort[] = [{ port: 8_080, protocol: 'http', publicIp: '203.0.113.7', publicPort: 20_001 }];
	host.workers = [
		{ ...base, id: 'busy', endpointId: 'ep1', phase: 'running', jobs: ['j.1', 'k.1'], ports },
		{ ...base, id: 'going', endpointId: 'ep1', phase: 'draining', version: 2, gpus: [] },
		{ ...base, id: 'starting', endpointId: 'ep3', phase: 'initializing', preparing: 'pulling image: 42 % of 5.1 GB' },
		{ ...base, id: 'gone', endpointId: 'ep1', phase: 'exited', exitCode: 0 },
		{ ...base, id: 'other', endpointId: 'ep2', phase: 'idle' },
	];
	host.report();
	const { workers } = await until(
		async () => {
			const answer = await ask({ endpointId: 'ep1' });
			expect(answer.status).toBe(200);
			const parsed = workersAnswer.parse(answer.json);
			return parsed.workers.length === 2 && parsed;
		},
		{ what: 'two workers' },
	);
	expect(workers[0]).toMatchObject({
		id: 'busy',
		state: 'running',
		draining: false,
		version: 1,
		gpuCount: 1,
		gpuType: 'NVIDIA L4',
		hostId: 'h1',
		dataCenterId: 'EU-RO-1',
		jobs: 2,
		ports,
	});
	const [starting] = await until(
		async () => {
			const others = workersAnswer.parse((await ask({ endpointId: 'ep3' })).json).workers;
			return others.length === 1 && others;
		},
		{ what: 'the worker of another endpoint' },
	);
	expect(starting).toMatchObject({ id: 'starting', preparing: 'pulling image: 42 % of 5.1 GB' });
	expect(workers[0]?.startedAgoMs).toBeGreaterThanOrEqual(5_000);
	expect(workers[1]).toMatchObject({ id: 'going', state: 'idle', draining: true, version: 2, gpuCount: 0 });
});

it('has an empty list for an endpoint that it does not know, and refuses what is no question', async () => {
	expect((await ask({ endpointId: 'nobody' })).json).toEqual({ workers: [] });
	expect((await ask({})).status).toBe(400);
	expect((await ask({ endpointId: 'a b' })).status).toBe(400);
});
