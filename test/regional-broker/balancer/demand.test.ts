/** Two brokers of a region and one host: what waits at one of them makes the other, which leads, start a worker. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BALANCER_AWAIT_PATH } from '../../../shared-schema/src/wire/load-balancer.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { grantOf, type TestBroker } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let other: TestBroker;
let host: HostStandIn;
let reports: NodeJS.Timeout;
beforeAll(async () => {
	world = await startBrokerWorld();
	other = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
	host = await world.host('host-a');
	host.tunnel = '127.0.0.1:1';
	reports = setInterval(() => host.report(), 200);
	await world.grant(grantOf('lb', { workersMax: 2, spec: { type: 'LOAD_BALANCER', scaling: { type: 'REQUEST_COUNT', requestCount: 1 } } }));
	// The other broker hears of grants by its own heartbeat.
	await until(() => world.edge.heartbeats.filter(({ endpoints }) => endpoints['lb'] !== undefined).some(({ brokerBoot }) => brokerBoot.includes('eu-1-b')), {
		what: 'both brokers know the endpoint',
	});
});
afterAll(async () => {
	clearInterval(reports);
	await world.close();
});

const leads = async (broker: TestBroker): Promise<boolean> => ((await broker.operator('hosts')) as { leader: boolean }).leader;

it('a request that waits at a broker which does not lead has a worker started, and is told when it is there', async () => {
	expect([await leads(world.broker), await leads(other)]).toEqual([true, false]);
	expect(host.commands.filter(({ op }) => op === 'start-worker')).toEqual([]);
	expect(await other.call(BALANCER_AWAIT_PATH, { endpointId: 'lb', waitMs: 20_000 })).toEqual({ status: 200, json: { ready: true } });
	expect(host.commands.filter(({ op }) => op === 'start-worker')).toHaveLength(1);
});

it('requests in a worker’s hands, told by its host, count at every broker', async () => {
	host.workers = host.workers.map((worker) => ({ ...worker, phase: 'running', requests: 3, idleMs: 0 }));
	host.report();
	for (const boot of ['eu-1-a', 'eu-1-b'])
		await until(() => world.edge.heartbeats.findLast(({ brokerBoot }) => brokerBoot.includes(boot))?.endpoints['lb']?.requests?.inFlight === 3, { what: `${boot} counts them` });
	// They are more than one worker is for: the leader starts a second one.
	await until(() => host.commands.filter(({ op }) => op === 'start-worker').length === 2, { what: 'a second worker' });
});
