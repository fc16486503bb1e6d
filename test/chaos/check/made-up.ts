/** Made-up histories for tests of the checker: one job that lived as it should, to be changed as a test says. */
import type { EventOf, HistoryEvent, Recipe } from '../history/event.ts';

export const RETENTION_MS = 20_000;
const T = 1_000_000;

export const begin: HistoryEvent = { is: 'begin', at: T, seed: 1, commit: 'c', retentionAsyncMs: RETENTION_MS, retentionSyncMs: 5_000 };

/** Times count from the run's beginning. */
export const at = (ms: number): number => T + ms;

export function submit(change: Partial<EventOf<'submit'>> = {}): EventOf<'submit'> {
	return {
		is: 'submit',
		at: at(0),
		doneAt: at(10),
		n: 1,
		endpoint: 'main',
		recipe: 'quick' satisfies Recipe,
		verb: 'run',
		key: null,
		webhook: false,
		outcome: 'ok',
		status: 200,
		problem: null,
		id: 'j1',
		...change,
	};
}

/** A look at 50 ms after `ms` began, answered 10 ms later. */
export function read(ms: number, state: string | null, change: Partial<EventOf<'read'>> = {}): EventOf<'read'> {
	const ended = state === 'COMPLETED';
	const outcome = state === null ? 'gone' : 'seen';
	return { is: 'read', at: at(ms), doneAt: at(ms + 10), id: 'j1', outcome, state, retries: 0, by: ended ? 'w1/a' : null, n: ended ? 1 : null, error: null, ...change };
}

export const work = (attempt = 'w1/a', job = 'j1'): EventOf<'work'> => ({ is: 'work', at: at(20), what: 'start', job, attempt, worker: 'w1', pid: 7 });

export function hook(ms: number, change: Partial<EventOf<'hook'>> = {}): EventOf<'hook'> {
	return { is: 'hook', at: at(ms), id: 'j1', delivery: 'd1', signed: true, state: 'COMPLETED', by: 'w1/a', status: 200, ...change };
}

export const change = (is: 'cancel' | 'retry', ms: number, state: string | null, outcome: 'ok' | 'unknown' | 'refused' = 'ok'): HistoryEvent => ({
	is,
	at: at(ms),
	doneAt: at(ms + 10),
	id: 'j1',
	outcome,
	state,
});

export const purge = (ms: number): HistoryEvent => ({ is: 'purge', at: at(ms), doneAt: at(ms + 10), endpoint: 'main', outcome: 'ok' });

export function fault(ms: number, lastsMs: number, more: Partial<EventOf<'fault'>> = {}): EventOf<'fault'> {
	return { is: 'fault', at: at(ms), healedAt: at(ms + lastsMs), kind: 'kill broker', target: 'a', region: null, edge: false, done: true, ...more };
}

export const phase = (name: EventOf<'phase'>['phase'], ms: number): HistoryEvent => ({ is: 'phase', at: at(ms), phase: name });

/** Queued, running, completed, read within its retention and gone after it. */
export const goodJob: readonly HistoryEvent[] = [
	submit(),
	work(),
	read(30, 'IN_QUEUE'),
	read(60, 'IN_PROGRESS'),
	read(100, 'COMPLETED'),
	read(RETENTION_MS - 500, 'COMPLETED'),
	read(RETENTION_MS + 1_200, null),
];
