/** One job as its client lives it: submitted, perhaps twice, cancelled or retried, read to its end and around the end of its retention. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TERMINAL } from '../history/event.ts';
import type { History } from '../history/write-history.ts';
import type { PlannedJob } from '../plan/workload.ts';
import type { Answer, Caller } from './calls.ts';
import type { ChaosEndpoint } from './endpoints.ts';
import { readStream } from './read-stream.ts';

export interface LifeParts {
	readonly history: History;
	readonly caller: Caller;
	readonly url: string;
	readonly retentionAsyncMs: number;
	readonly hookUrl: (endpoint: ChaosEndpoint) => string;
	readonly onEnd: (id: string) => void;
	/** Nobody waits any longer. */
	readonly isOver: () => boolean;
}

const FIRST_LOOK_MS = 60;
const LOOK_MS_MAX = 700;
/** Of a job whose retention is measured the end has to be known well. */
const CLOSE_LOOK_MS_MAX = 150;

/** Resolves when its client has seen all that it wanted to see. */
export async function liveJob(job: PlannedJob, endpoint: ChaosEndpoint, parts: LifeParts): Promise<void> {
	const id = await submit(job, endpoint, parts);
	if (id === null) return;
	const { caller, history } = parts;
	const others = [
		job.recipe === 'stream' ? readStream(`${parts.url}/v2/${endpoint.id}/stream/${id}`, endpoint.key, id, history) : undefined,
		job.recipe === 'cancel' ? sleep(job.cancelAfterMs).then(() => put('cancel', caller, endpoint, id, history)) : undefined,
	];
	let endedAt = await readToEnd(job, endpoint, id, parts, 0);
	if (endedAt !== null && job.retried) {
		await put('retry', caller, endpoint, id, history);
		endedAt = await readToEnd(job, endpoint, id, parts, Date.now());
	}
	await Promise.all(others);
	if (endedAt === null) return;
	parts.onEnd(id);
	if (job.watchExpiry) return watchExpiry(endpoint, id, parts, endedAt);
	await sleep(300 + (job.n % 30) * 100);
	await caller.read(endpoint, id);
}

/** The id of the job, when an answer named it. */
async function submit(job: PlannedJob, endpoint: ChaosEndpoint, parts: LifeParts): Promise<string | null> {
	const { input, policy, webhook, verb, n } = job;
	const key = job.twice ? `key-${n}-${Math.round(performance.timeOrigin)}` : null;
	const body = JSON.stringify({ input, ...(policy === null ? {} : { policy }), ...(webhook ? { webhook: parts.hookUrl(endpoint) } : {}) });
	const post = async (): Promise<string | null> => {
		const answer = await parts.caller.call(endpoint, `/${verb}`, { method: 'POST', body, headers: key === null ? {} : { 'idempotency-key': key } });
		const id = idOf(answer);
		parts.history.add({
			is: 'submit',
			at: answer.at,
			doneAt: answer.doneAt,
			n,
			endpoint: endpoint.name,
			recipe: job.recipe,
			verb,
			key,
			webhook,
			outcome: answer.outcome,
			status: answer.status,
			problem: answer.problem,
			id,
		});
		if (id !== null && verb === 'runsync') parts.caller.saw(id, answer);
		return id;
	};
	const first = await post();
	return job.twice ? ((await post()) ?? first) : first;
}

function idOf({ status, jobId, text }: Answer): string | null {
	if (status !== 200) return null;
	if (jobId !== null) return jobId;
	return text === null ? null : ((JSON.parse(text) as { id?: string }).id ?? null);
}

/** When its end was first seen; null when the run was over before, or nobody knows the job. A look that began before `sinceMs` does not count. */
async function readToEnd(job: PlannedJob, endpoint: ChaosEndpoint, id: string, parts: LifeParts, sinceMs: number): Promise<number | null> {
	let waitMs = job.verb === 'runsync' ? 0 : FIRST_LOOK_MS;
	while (!parts.isOver()) {
		await sleep(waitMs);
		const at = Date.now();
		const { state, gone, doneAt } = await parts.caller.read(endpoint, id);
		if (gone) return null;
		if (at >= sinceMs && TERMINAL.includes(state ?? '')) return doneAt;
		waitMs = Math.min(job.watchExpiry ? CLOSE_LOOK_MS_MAX : LOOK_MS_MAX, Math.max(FIRST_LOOK_MS, waitMs * 1.5));
	}
	return null;
}

async function put(verb: 'cancel' | 'retry', caller: Caller, endpoint: ChaosEndpoint, id: string, history: History): Promise<void> {
	const { at, doneAt, outcome, text } = await caller.call(endpoint, `/${verb}/${id}`, { method: 'POST' });
	const state = outcome === 'ok' ? ((JSON.parse(text ?? '{}') as { status?: string }).status ?? null) : null;
	history.add({ is: verb, at, doneAt, id, outcome, state });
}

/** Reads shortly before the retention ends, and once more when it must be over. */
async function watchExpiry(endpoint: ChaosEndpoint, id: string, { caller, retentionAsyncMs }: LifeParts, endedAt: number): Promise<void> {
	for (const offsetMs of [-900, -200, 1_050]) {
		await sleep(Math.max(0, endedAt + retentionAsyncMs + offsetMs - Date.now()));
		await caller.read(endpoint, id);
	}
}
