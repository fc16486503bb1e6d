import { afterEach, expect, test } from 'vitest';
import type { EdgeClient } from '../../../regional-broker/src/edge/edge-client.ts';
import { Heartbeat } from '../../../regional-broker/src/edge/heartbeat.ts';
import { until } from '../../support/wait.ts';

const HOUR_MS = 3_600_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const started: Heartbeat[] = [];
afterEach(() => {
	for (const heartbeat of started.splice(0)) heartbeat.stop();
});

/** Clocks that a test sets, and an edge that answers while `edge.up`. */
function world() {
	const clock = { wallMs: 1_700_000_000_000, monotonicMs: 5_000 };
	const edge = { up: true, beats: 0 };
	const client = {
		send: async () => {
			edge.beats++;
			if (!edge.up) throw new Error('out of reach');
			return { status: 200, body: Buffer.from('{"endpoints":[],"removed":[]}'), headers: {} };
		},
	} as unknown as EdgeClient;
	const heartbeat = new Heartbeat({
		edge: client,
		intervalMs: 5,
		compose: () => ({ brokerBoot: 'b', hosts: [], lostBoots: [], endpoints: {} }),
		onAnswer: () => undefined,
		wallClock: () => clock.wallMs,
		now: () => clock.monotonicMs,
		log: silent,
	});
	started.push(heartbeat);
	const pass = (ms: number): void => {
		clock.wallMs += ms;
		clock.monotonicMs += ms;
	};
	return { clock, edge, heartbeat, pass };
}

test.each([
	['an hour back', -HOUR_MS],
	['an hour ahead', HOUR_MS],
])('the edge’s silence is counted right when the wall clock jumps %s', async (_, jumpMs) => {
	const { clock, edge, heartbeat, pass } = world();
	expect(heartbeat.edgeSilentMs()).toBeNull();
	heartbeat.start();
	await until(() => heartbeat.edgeSilentMs() === 0, { what: 'an answered beat' });
	edge.up = false;
	const beats = edge.beats;
	await until(() => edge.beats > beats + 1, { what: 'a beat without an answer' });
	clock.wallMs += jumpMs;
	pass(7_000);
	expect(heartbeat.edgeSilentMs()).toBe(7_000);
	expect(heartbeat.heardAtMs()).toBe(clock.wallMs - 7_000);
});

test('what an earlier leader heard is taken over, unless this broker heard the edge later', () => {
	const { clock, heartbeat, pass } = world();
	heartbeat.inherit(null);
	expect(heartbeat.edgeSilentMs()).toBeNull();
	heartbeat.inherit(clock.wallMs - 3_000);
	pass(1_000);
	expect(heartbeat.edgeSilentMs()).toBe(4_000);
	heartbeat.inherit(clock.wallMs - 9_000);
	expect(heartbeat.edgeSilentMs()).toBe(4_000);
	// A leader whose clock was ahead of ours: from here on our own time counts.
	heartbeat.inherit(clock.wallMs + HOUR_MS);
	pass(2_000);
	expect(heartbeat.edgeSilentMs()).toBe(2_000);
});
