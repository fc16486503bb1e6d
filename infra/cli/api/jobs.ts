/** Follows a job to its end, with what it waits for on the progress line. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../session.ts';
import { type Progress, withProgress } from '../terminal/progress.ts';
import { ApiFailure } from './client.ts';

/** A status answer of the job API. */
export interface JobView {
	readonly id: string;
	readonly status: string;
	readonly delayTime?: number;
	readonly executionTime?: number;
	readonly workerId?: string;
	readonly retries?: number;
	readonly output?: unknown;
	readonly error?: unknown;
	readonly why?: { readonly text: string; readonly placeInLine?: number };
	readonly [member: string]: unknown;
}

const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 1_000;

export function isEnded(job: { readonly status: string }): boolean {
	return /^(COMPLETED|FAILED|CANCELLED|TIMED_OUT)$/.test(job.status);
}

/** What a job waits for or does, in a line. */
export function describeJob(job: JobView): string {
	if (job.status === 'IN_QUEUE') return job.why?.text ?? 'the job is on its way';
	if (job.status !== 'IN_PROGRESS') return job.status;
	const progress = typeof job.output === 'string' && job.output.length < 200 ? `: ${job.output}` : '';
	return `runs${job.workerId === undefined ? '' : ` on ${job.workerId}`}${progress}`;
}

/** Asks for the status until the job has ended or `deadlineMs` (by `performance.now()`) has passed. */
export async function followJob(session: Session, endpointId: string, jobId: string, deadlineMs: number): Promise<JobView> {
	return withProgress(session.terminal, `job ${jobId} is on its way`, (progress) => follow(session, endpointId, jobId, deadlineMs, progress));
}

async function follow(session: Session, endpointId: string, jobId: string, deadlineMs: number, progress: Progress): Promise<JobView> {
	let pauseMs = FIRST_POLL_MS;
	for (;;) {
		const job = await readJob(session, endpointId, jobId);
		if (isEnded(job) || performance.now() >= deadlineMs) return job;
		progress.update(describeJob(job));
		await sleep(Math.min(pauseMs, Math.max(0, deadlineMs - performance.now())));
		pauseMs = Math.min(LAST_POLL_MS, pauseMs * 1.5);
	}
}

/** A job as it is; a moment of trouble or of too many questions is waited out. */
async function readJob(session: Session, endpointId: string, jobId: string): Promise<JobView> {
	for (let tries = 0; ; tries++) {
		try {
			return (await session.edge().call('GET', `/v2/${endpointId}/status/${encodeURIComponent(jobId)}`)) as JobView;
		} catch (error) {
			const passing = error instanceof ApiFailure && (error.status === 429 || error.status >= 500);
			if (!passing || tries >= 5) throw error;
			await sleep(LAST_POLL_MS * (tries + 1));
		}
	}
}

/**
 * Submits by `/runsync` and returns the job at its end, or as it is when the wait is over. The answer's head brings the job's id, so the
 * progress line can say what it waits for while the call is held.
 */
export async function runSync(
	session: Session,
	endpoint: { readonly id: string; readonly typed: string },
	body: string,
	headers: Readonly<Record<string, string>>,
	deadlineMs: number,
	waitMs: number,
): Promise<JobView> {
	const endpointId = endpoint.id;
	return withProgress(session.terminal, 'the job is on its way', async (progress) => {
		const response = await session.edge().open('POST', `/v2/${endpointId}/runsync?wait=${waitMs}`, { body, headers, timeoutMs: waitMs + 30_000 });
		const jobId = response.headers.get('x-longshore-job-id');
		session.onInterrupt = jobId === null ? undefined : `job ${jobId} goes on:\nlongshore status ${endpoint.typed} ${jobId} --wait 10m`;
		const whole = response.json() as Promise<JobView>;
		let isOver = false;
		const watch = async (): Promise<void> => {
			let pauseMs = FIRST_POLL_MS;
			while (!isOver && jobId !== null) {
				await sleep(pauseMs, undefined, { ref: false });
				pauseMs = Math.min(LAST_POLL_MS, pauseMs * 1.5);
				if (isOver) return;
				const job = await readJob(session, endpointId, jobId);
				if (!isEnded(job)) progress.update(describeJob(job));
			}
		};
		// The line is a service: when it cannot be had, the result still can.
		const watching = watch().catch(() => undefined);
		const job = await whole.finally(() => {
			isOver = true;
		});
		void watching;
		return isEnded(job) ? job : follow(session, endpointId, job.id, deadlineMs, progress);
	});
}
