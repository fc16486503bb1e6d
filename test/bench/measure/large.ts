/** Many large jobs at one time: how long they take, and how much memory each process needs at its worst. */
import { forgetPeak } from '../../support/processes.ts';
import type { Subject, Target } from '../subject.ts';
import { readUsage, type Usage } from '../usage.ts';

export interface LargeResult {
	readonly jobs: number;
	readonly bytes: number;
	readonly seconds: number;
	/** Peaks of this measurement alone, where the system lets a peak be forgotten; else since the process started. */
	readonly usage: Usage;
}

/** Submits `jobs` jobs of `bytes` bytes side by side and waits for all; one that does not complete fails the benchmark. */
export async function measureLarge(subject: Subject, target: Target, jobs: number, bytes: number): Promise<LargeResult> {
	const input = { text: 'x'.repeat(bytes - 200) };
	for (const pid of subject.processes().keys()) forgetPeak(pid);
	const startMs = performance.now();
	await Promise.all(
		Array.from({ length: jobs }, async () => {
			const id = await target.api.run(input, {}, 120_000);
			const job = await target.api.untilState(id, undefined, 300_000);
			if (job['status'] !== 'COMPLETED') throw new Error(`a large job ended as ${JSON.stringify(job).slice(0, 300)}`);
		}),
	);
	return { jobs, bytes, seconds: (performance.now() - startMs) / 1_000, usage: readUsage(subject) };
}
