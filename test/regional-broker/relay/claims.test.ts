import { afterAll, beforeAll, expect, it } from 'vitest';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';

let world: BrokerWorld;
let host: HostStandIn;
beforeAll(async () => {
	world = await startBrokerWorld();
	host = await world.host('h1');
});
afterAll(() => world.close());

const claim = (id: string, epoch: number) => ({ id, endpointId: 'ep1', epoch, token: `token-of-${id}-0123456789`, hostBoot: 'b1', workerId: 'w1' });

it('answers each host with the edge’s word on its own claims', async () => {
	const [one, two] = await Promise.all([host.claim({ claims: [claim('a', 1), claim('b', 2)] }), host.claim({ claims: [claim('c', 2)] })]);
	expect([one, two]).toEqual([{ results: ['run', 'drop'] }, { results: ['drop'] }]);
});

it('asks the edge once for what comes together', async () => {
	const before = world.edge.seen.length;
	await Promise.all(Array.from({ length: 50 }, (_, i) => host.claim({ claims: [claim(`t${i}`, 1)] })));
	expect(world.edge.seen.slice(before).filter(({ path }) => path === EDGE_PATHS.claim).length).toBeLessThan(25);
});

it('lets no bad claim cost the others their answer', async () => {
	world.edge.intercept = ({ path, body }) => (path === EDGE_PATHS.claim && body.includes('"poison"') ? { status: 400, body: '{"error":"poison"}' } : undefined);
	const answers = await Promise.allSettled(['x', 'poison', 'y'].map((id) => host.claim({ claims: [claim(id, 1)] }, 700)));
	expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
	world.edge.intercept = () => undefined;
});

it('does not answer without the edge, nor to what it cannot read', async () => {
	await expect(host.claim({ claims: [{ id: 'no epoch' }] }, 400)).rejects.toThrow('TIMEOUT');
	await world.edge.close();
	await expect(host.claim({ claims: [claim('z', 1)] }, 400)).rejects.toThrow('TIMEOUT');
	await world.edge.open();
	await expect(host.claim({ claims: [claim('z', 1)] })).resolves.toEqual({ results: ['run'] });
});
