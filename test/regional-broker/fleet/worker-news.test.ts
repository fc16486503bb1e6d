import type { WorkerReport } from '@longshore/shared-schema/wire/bus';
import { expect, it } from 'vitest';
import type { KnownHost } from '../../../regional-broker/src/fleet/registry.ts';
import { newsOfWorkers } from '../../../regional-broker/src/fleet/worker-news.ts';

const worker = (more: Partial<WorkerReport> = {}): WorkerReport => ({
	id: 'w1',
	endpointId: 'ep1',
	version: 1,
	phase: 'idle',
	gpus: [],
	jobs: [],
	room: 1,
	startedAgoMs: 5,
	idleMs: 0,
	...more,
});
const host = (workers: readonly WorkerReport[], n = 2, boot = 'b1'): KnownHost => ({ figure: { id: 'h1', boot }, workers, n }) as unknown as KnownHost;
const none = new Set<string>();
const texts = (before: KnownHost | undefined, now: KnownHost): unknown[] => newsOfWorkers(before, now, none).flatMap((news) => (news.kind === 'up' ? [news.text] : []));

it('says once how a worker came up, cold and thawed apart', () => {
	const starting = host([worker({ phase: 'initializing', start: { kind: 'frozen', readyMs: null } })]);
	const thawed = host([worker({ start: { kind: 'frozen', readyMs: 12.6 } })]);
	expect(texts(starting, thawed)).toEqual(['w1 thawed on host h1 in 13 ms']);
	expect(texts(thawed, thawed)).toEqual([]);
	expect(texts(host([]), host([worker({ start: { kind: 'cold', readyMs: 900 } })]))).toEqual(['w1 started cold on host h1 in 900 ms']);
});

it('takes the first that it hears of a host for no news', () => {
	const up = host([worker({ start: { kind: 'cold', readyMs: 900 } })]);
	expect(texts(undefined, up)).toEqual([]);
	expect(texts(host([], 0), up)).toEqual([]);
});

it('tells a worker that ended as it should from one that failed, and each once', () => {
	const kinds = (before: WorkerReport, now: WorkerReport): string[] => newsOfWorkers(host([before]), host([now]), none).map(({ kind }) => kind);
	expect(kinds(worker(), worker({ phase: 'exited', exitCode: 1 }))).toEqual(['failed']);
	expect(kinds(worker({ phase: 'initializing' }), worker({ phase: 'exited', exitCode: 0 }))).toEqual(['proven', 'failed']);
	expect(kinds(worker({ phase: 'draining' }), worker({ phase: 'exited', exitCode: 0 }))).toEqual(['proven']);
	expect(kinds(worker({ phase: 'unhealthy' }), worker({ phase: 'unhealthy' }))).toEqual([]);
	expect(kinds(worker(), worker({ startedAgoMs: 30_000 }))).toEqual(['proven']);
});

it('tells how long a worker took that was ordered, or was seen starting, and of no other', () => {
	const ready = (before: readonly WorkerReport[], pending: readonly string[]): number =>
		newsOfWorkers(host(before), host([worker()]), new Set(pending)).filter(({ kind }) => kind === 'ready').length;
	expect([ready([], ['w1']), ready([worker({ phase: 'initializing' })], []), ready([], []), ready([worker({ phase: 'running' })], []), ready([worker()], ['w1'])]).toEqual([
		1, 1, 0, 0, 0,
	]);
});
