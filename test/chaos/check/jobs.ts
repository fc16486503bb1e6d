/** Puts a history's events together by job: its submits, its reads in order, what was done to it. Pure. */
import { type EventOf, type HistoryEvent, TERMINAL } from '../history/event.ts';

/** One job that was acknowledged, as everybody saw it. */
export interface JobHistory {
	readonly id: string;
	readonly submit: EventOf<'submit'>;
	/** By the time of their answers. */
	readonly reads: EventOf<'read'>[];
	readonly cancels: EventOf<'cancel'>[];
	readonly retries: EventOf<'retry'>[];
	readonly hooks: EventOf<'hook'>[];
	readonly streams: EventOf<'stream'>[];
	readonly work: EventOf<'work'>[];
}

/** Every acknowledged job; a job that several submits with one key named is there once, under the first. */
export function gatherJobs(events: readonly HistoryEvent[]): Map<string, JobHistory> {
	const jobs = new Map<string, JobHistory>();
	for (const event of events) {
		if (event.is !== 'submit' || event.id === null || jobs.has(event.id)) continue;
		jobs.set(event.id, { id: event.id, submit: event, reads: [], cancels: [], retries: [], hooks: [], streams: [], work: [] });
	}
	for (const event of events) {
		if (event.is === 'work') jobs.get(event.job)?.work.push(event);
		if (!('id' in event) || event.id === null) continue;
		const job = jobs.get(event.id);
		if (event.is === 'read') job?.reads.push(event);
		else if (event.is === 'cancel') job?.cancels.push(event);
		else if (event.is === 'retry') job?.retries.push(event);
		else if (event.is === 'hook') job?.hooks.push(event);
		else if (event.is === 'stream') job?.streams.push(event);
	}
	for (const job of jobs.values()) job.reads.sort((a, b) => a.doneAt - b.doneAt);
	return jobs;
}

export const isEnd = (read: EventOf<'read'>): boolean => read.outcome === 'seen' && TERMINAL.includes(read.state ?? '');

/** The job as a reader tells it from another: its state, whose output it shows, its error. */
export const endOf = (read: { readonly state: string | null; readonly by: string | null }): string => `${read.state} by ${read.by ?? 'nobody'}`;

/** True when no retry of the job overlaps or lies between the two moments: both belong to one generation. */
export function isSameGeneration(job: JobHistory, fromMs: number, toMs: number): boolean {
	return job.retries.every((retry) => retry.outcome === 'refused' || retry.at > toMs || retry.doneAt < fromMs);
}
