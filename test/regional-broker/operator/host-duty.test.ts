import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { dispatchOf, grantOf, OPERATOR_TOKEN, type TestBroker } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let a: HostStandIn;
let b: HostStandIn;
let reports: NodeJS.Timeout;
beforeAll(async () => {
	world = await startBrokerWorld();
	a = await world.host('host-a');
	b = await world.host('host-b');
	for (const host of [a, b]) {
		const obey = host.obey;
		host.obey = (command) => {
			if (command.op === 'drain') host.figure = { ...host.figure, draining: command.on };
			obey(command);
		};
	}
	reports = setInterval(() => [a, b].forEach((host) => void host.report()), 200);
	await world.grant(grantOf('ep1', { workersMin: 2 }));
	await until(() => a.workers.length === 1 && b.workers.length === 1, { what: 'a worker on each host' });
});
afterAll(async () => {
	clearInterval(reports);
	await world.close();
});

const post = async (path: string, broker: TestBroker = world.broker, token = OPERATOR_TOKEN): Promise<{ status: number; body: Record<string, unknown> }> => {
	const response = await fetch(`${broker.url}/operator/v1/${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
	return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const hostOf = (id: string, broker: TestBroker = world.broker): Promise<unknown> => broker.operator(`hosts/${id}`);
const edgeSees = (id: string): boolean | undefined => world.edge.heartbeats.at(-1)?.hosts.find((host) => host.id === id)?.draining;

describe("an operator's order to a host", () => {
	it('drains it: idle workers end, busy ones finish first, others take its place', async () => {
		const [worker] = a.workers;
		a.workers = a.workers.map((one) => ({ ...one, phase: 'running', jobs: ['job-1.1'], idleMs: 0 }));
		a.report();
		await until(async () => ((await hostOf('host-a')) as { jobs: number }).jobs === 1, { what: 'the broker knows the job' });

		const answer = await post('hosts/host-a/drain');
		expect(answer).toMatchObject({ status: 200, body: { id: 'host-a', duty: 'drained', workers: 1, jobs: 1 } });
		await until(() => a.commands.some((command) => command.op === 'stop-worker' && command.workerId === worker?.id), { what: 'the worker is told to end' });
		expect(a.figure.draining).toBe(true);
		expect(a.workers).toHaveLength(1);
		await until(() => edgeSees('host-a') === true, { what: 'the edge sees it drain' });

		const startsBefore = a.commands.filter(({ op }) => op === 'start-worker').length;
		a.workers = [];
		a.report();
		await until(() => b.workers.length === 2, { what: 'the second worker is on the other host' });
		expect(a.commands.filter(({ op }) => op === 'start-worker')).toHaveLength(startsBefore);
		expect(await hostOf('host-a')).toMatchObject({ duty: 'drained', workers: 0, jobs: 0 });
	});

	it('holds for another broker and for a host that starts anew', async () => {
		const replica = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
		await until(async () => ((await hostOf('host-a', replica)) as { duty?: string }).duty === 'drained', { what: 'the new broker knows the order' });
		a.boot = 'boot-host-a-2';
		a.figure = { draining: false };
		a.report();
		await until(() => a.figure.draining === true, { what: 'the new boot is told to drain', timeoutMs: 10_000 });
	});

	it('puts it back to work, whichever broker takes the order', async () => {
		expect(await post('hosts/host-a/undrain')).toMatchObject({ status: 200, body: { duty: 'open' } });
		await until(() => a.figure.draining === false, { what: 'the host is told to work' });
		await until(() => edgeSees('host-a') === false, { what: 'the edge sees it work' });
		b.workers = [];
		b.report();
		await until(() => a.workers.length > 0, { what: 'it gets a worker again' });
	});

	it('cordons it: what is there works on, nothing new starts', async () => {
		const before = a.workers.length;
		expect(before).toBeGreaterThan(0);
		expect(await post('hosts/host-a/cordon')).toMatchObject({ status: 200, body: { duty: 'cordoned' } });
		const { body } = dispatchOf('ep1', ['w1', 'w2', 'w3', 'w4', 'w5']);
		await world.broker.call(REGION_PATHS.dispatch, body);
		await until(() => b.workers.length + a.workers.length === 3, { what: 'as many workers as the grant allows', timeoutMs: 15_000 });
		expect(a.workers).toHaveLength(before);
		expect(a.figure.draining).toBe(false);
		await post('hosts/host-a/undrain');
	});

	it('is refused without the token and for a host that is not there', async () => {
		expect((await post('hosts/host-a/drain', world.broker, 'wrong')).status).toBe(401);
		expect(await post('hosts/host-c/drain')).toMatchObject({ status: 404, body: { error: expect.stringContaining('did you mean host-') } });
		expect((await post('hosts/host-a/explode')).status).toBe(404);
	});
});
