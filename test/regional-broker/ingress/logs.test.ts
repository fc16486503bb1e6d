import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LogLine, LogPage, LogQuery } from '../../../shared-schema/src/wire/logs.ts';
import { REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let hosts: [HostStandIn, HostStandIn];
let asked: string[];
beforeAll(async () => {
	world = await startBrokerWorld();
	hosts = [await world.host('h1'), await world.host('h2')];
});
afterAll(() => world.close());
beforeEach(() => {
	asked = [];
	for (const host of hosts) host.logs = () => ({ known: false, lines: [], more: false, open: false });
});

const lines = (...stamps: number[]): LogLine[] => stamps.map((at) => ({ at, workerId: 'w1', source: 'container', line: `line ${at}` }));
const show = (host: HostStandIn, page: Partial<LogPage>): void => {
	host.logs = (query) => {
		asked.push(host.id);
		return { known: true, lines: lines().filter(({ at }) => at > query.after), more: false, open: false, ...page };
	};
};
const ask = async (query: Partial<LogQuery> = {}) => {
	const answer = await world.broker.call(REGION_PATHS.logs, { endpointId: 'ep1', after: 0, limit: 100, waitMs: 0, ...query });
	return { status: answer.status, body: answer.json as LogPage & { silent: string[] } };
};

it('puts what all hosts have together, in the order of its times', async () => {
	show(hosts[0], { lines: lines(1, 3) });
	show(hosts[1], { lines: lines(2), open: true });
	const { body } = await ask();
	expect(body.lines.map(({ at }) => at)).toEqual([1, 2, 3]);
	expect(body).toMatchObject({ known: true, open: true, more: false, silent: [] });
});

it('shows the newest lines of all when a tail is asked for', async () => {
	show(hosts[0], { lines: lines(1, 4) });
	show(hosts[1], { lines: lines(2, 3) });
	expect((await ask({ tail: 2 })).body.lines.map(({ at }) => at)).toEqual([3, 4]);
});

it('asks only the host that has the worker', async () => {
	for (const host of hosts) show(host, { lines: lines(1) });
	hosts[1].workers = [{ id: 'w1', endpointId: 'ep1', version: 1, phase: 'idle', gpus: [], jobs: [], room: 1, startedAgoMs: 0, idleMs: 0 }];
	hosts[1].report();
	await until(async () => JSON.stringify(await world.broker.operator('workers')).includes('"w1"'), { what: 'the broker knows the worker' });
	await ask({ workerId: 'w1' });
	expect(asked).toEqual(['h2']);
});

it('waits for a line of any host whose workers run', async () => {
	let say = (): void => undefined;
	let said = false;
	hosts[0].logs = async (query) => {
		if (query.waitMs > 0) await new Promise<void>((resolve) => (say = resolve));
		return { known: true, lines: said ? lines(7) : [], more: false, open: true };
	};
	const answer = ask({ waitMs: 10_000 });
	await until(
		() => {
			said = true;
			say();
			return true;
		},
		{ what: 'a line' },
	);
	expect((await answer).body.lines.map(({ at }) => at)).toEqual([7]);
});

it('names a host that does not answer, and shows what the others have', async () => {
	show(hosts[0], { lines: lines(1) });
	hosts[1].logs = () => null;
	const { body } = await ask();
	expect(body.lines).toHaveLength(1);
	expect(body.silent).toEqual(['h2']);
});

it('refuses a query that it cannot read', async () => {
	expect((await ask({ limit: 0 })).status).toBe(400);
});
