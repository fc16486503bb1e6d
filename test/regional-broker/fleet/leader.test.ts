import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNatsBus, type NatsBus } from '../../../regional-broker/src/bus/nats-bus.ts';
import { Leader } from '../../../regional-broker/src/fleet/leader.ts';
import { createLog } from '../../../regional-broker/src/log.ts';
import { startNats, type TestNats } from '../../support/start-nats.ts';
import { until } from '../../support/wait.ts';

const quiet = createLog({}, () => {});
let nats: TestNats;
let bus: NatsBus;
beforeAll(async () => {
	nats = await startNats();
	bus = createNatsBus({ servers: [nats.url], login: null, name: 'test', replicas: 1, eventRetryMs: 1_000 }, quiet);
	await until(() => bus.isReady(), { what: 'the bus is ready' });
});
afterAll(async () => {
	await bus.close();
	await nats.stop();
});

let now = 0;
const heard: Record<string, (number | null)[]> = {};
/** A candidate whose turns the test takes, on a clock of the test. */
function candidate(brokerId: string, boot: string, edgeHeardAtMs: number | null = null): Leader {
	heard[boot] = [];
	return new Leader({
		records: bus.records,
		brokerId,
		boot,
		edgeHeardAtMs: () => edgeHeardAtMs,
		now: () => now,
		log: quiet,
		onChange: (leads, at) => leads && heard[boot]?.push(at),
	});
}
beforeEach(async () => {
	now = 0;
	await bus.records.delete('leader');
});

describe('election', () => {
	it('makes one of two brokers the leader', async () => {
		const [a, b] = [candidate('a', 'a1'), candidate('b', 'b1')];
		await Promise.all([a.turn(), b.turn()]);
		expect([a.isLeader(), b.isLeader()].filter(Boolean)).toHaveLength(1);
	});

	it('leaves a lease alone that is renewed, and takes one over that is not for 8 s', async () => {
		const [a, b] = [candidate('a', 'a1'), candidate('b', 'b1')];
		for (; now <= 20_000; now += 2_000) {
			await a.turn();
			await b.turn();
		}
		expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
		const silentSinceMs = now;
		while (!b.isLeader()) {
			await b.turn();
			now += 1_000;
			expect(now - silentSinceMs).toBeLessThan(20_000);
		}
		expect(now - silentSinceMs).toBeGreaterThanOrEqual(8_000 - 2_000);
		expect(a.isLeader()).toBe(false);
		await a.turn();
		expect([a.isLeader(), b.isLeader()]).toEqual([false, true]);
	});

	it('lets a restarted broker take its own lease back at once, and a second one a freed lease', async () => {
		const before = candidate('a', 'a1', 123);
		await before.turn();
		const after = candidate('a', 'a2');
		await after.turn();
		expect(after.isLeader()).toBe(true);
		expect(heard['a2']).toEqual([123]);
		await before.turn();
		expect(before.isLeader()).toBe(false);

		const other = candidate('b', 'b1');
		await other.turn();
		expect(other.isLeader()).toBe(false);
		await after.stop();
		await other.turn();
		expect(other.isLeader()).toBe(true);
	});
});

it('ends in the leader’s own eyes before another may take over, when it cannot renew', async () => {
	const a = candidate('a', 'a1');
	await a.turn();
	now = 4_999;
	expect(a.isLeader()).toBe(true);
	now = 5_000;
	expect(a.isLeader()).toBe(false);
});

it('ends at once when NATS does not answer', async () => {
	const a = candidate('a', 'a1');
	await a.turn();
	await nats.kill();
	await until(() => !bus.isReady(), { what: 'the bus sees the loss' });
	await a.turn();
	expect(a.isLeader()).toBe(false);
	await nats.restart();
	await until(() => bus.isReady(), { what: 'the bus is back' });
	await a.turn();
	expect(a.isLeader()).toBe(true);
});
