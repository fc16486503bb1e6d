/** A host boot that is lost reaches the edge, whichever broker of the region dies before it could say so. */
import { afterAll, beforeAll, it } from 'vitest';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import type { TestBroker } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let broker: TestBroker;
let edgeIsAway = false;
beforeAll(async () => {
	world = await startBrokerWorld();
	broker = world.broker;
	world.edge.intercept = ({ path }) => (edgeIsAway && path === EDGE_PATHS.heartbeat ? { status: 503, body: '{"error":"away"}' } : undefined);
});
afterAll(() => world?.close());

const told = (boot: string): boolean => world.edge.heartbeats.some(({ lostBoots }) => lostBoots.includes(boot));
const remembered = async (host: HostStandIn): Promise<void> => {
	await until(async () => (await (await host.nats.jetstream().views.kv('fleet')).get(`host.${host.id}`))?.string().includes(host.boot) === true, {
		what: `${host.id} is written down as ${host.boot}`,
	});
};

it('of a host that restarted while the edge was away and whose broker died then', async () => {
	const host = await world.host('h1');
	await remembered(host);
	edgeIsAway = true;
	host.boot = 'boot-h1-2';
	host.report();
	await until(() => broker.lines.some(({ msg }) => msg === 'host restarted, its jobs are lost'), { what: 'the broker has noticed' });
	await broker.stop();
	edgeIsAway = false;
	broker = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
	await until(() => told('boot-h1-1'), { what: 'the edge hears of the lost boot' });
	await remembered(host);
});

it('of a host that was given up while the edge was away', async () => {
	const host = await world.host('h2');
	await remembered(host);
	edgeIsAway = true;
	host.answersRollCall = false;
	await until(() => broker.lines.some(({ msg, hostId }) => msg === 'host fell silent and is given up' && hostId === 'h2'), { what: 'h2 is given up' });
	await broker.stop();
	edgeIsAway = false;
	broker = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-c' });
	await until(() => told('boot-h2-1'), { what: 'the edge hears of the lost boot' });
});
