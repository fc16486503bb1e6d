/** What a host's report tells of its workers that the one before did not: who is up, who has proven itself, who ended badly. */
import type { WorkerReport } from '@longshore/shared-schema/wire/bus';
import { hasProvenItself, howItEnded } from '../core/worker-end.ts';
import type { KnownHost } from './registry.ts';

export type WorkerNews =
	| { readonly kind: 'proven'; readonly worker: WorkerReport }
	/** It has just come up; `startedAgoMs` is what that took. */
	| { readonly kind: 'ready'; readonly worker: WorkerReport }
	/** The same, as its host measured it, in words. */
	| { readonly kind: 'up'; readonly worker: WorkerReport; readonly text: string }
	| { readonly kind: 'failed'; readonly worker: WorkerReport; readonly reason: string; readonly code: number | null };

/** `before`: the host's state until now. `pending`: workers whose start no report had shown. */
export function newsOfWorkers(before: KnownHost | undefined, now: KnownHost, pending: { has(workerId: string): boolean }): WorkerNews[] {
	const knew = new Map(before?.figure.boot === now.figure.boot ? before.workers.map((worker) => [worker.id, worker]) : []);
	// The first report that a broker hears is no news of starts.
	const followed = before !== undefined && before.n > 0;
	return now.workers.flatMap((worker): WorkerNews[] => {
		const earlier = knew.get(worker.id);
		const code = worker.exitCode ?? null;
		const news: WorkerNews[] = [];
		if (hasProvenItself(worker)) news.push({ kind: 'proven', worker });
		const { start } = worker;
		if (followed && typeof start?.readyMs === 'number' && typeof earlier?.start?.readyMs !== 'number') {
			const how = start.kind === 'frozen' ? 'thawed' : 'started cold';
			news.push({ kind: 'up', worker, text: `${worker.id} ${how} on host ${now.figure.id} in ${Math.round(start.readyMs)} ms` });
		}
		if (earlier?.phase === worker.phase) return news;
		const isUp = worker.phase === 'idle' || worker.phase === 'running';
		if (isUp && (pending.has(worker.id) || earlier?.phase === 'initializing')) news.push({ kind: 'ready', worker });
		const early = worker.phase === 'exited' && earlier?.phase !== 'draining' && (code !== 0 || earlier?.phase === 'initializing');
		if (!early && worker.phase !== 'unhealthy') return news;
		const reason = worker.phase === 'unhealthy' ? 'worker is unhealthy' : howItEnded(worker);
		return [...news, { kind: 'failed', worker, reason, code }];
	});
}
