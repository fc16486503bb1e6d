/** Why a job that has been deleted is gone. Pure. */
import type { GoneCause } from '../wire/runpod-answers.ts';
import { PURGED_TEXT } from './finish.ts';
import type { Job } from './job.ts';
import type { JobTimers } from './settings.ts';

/** The cause of a terminal job's deletion: the end of its retention, or what its owner did to it before. */
export function goneCause(job: Job, timers: JobTimers): GoneCause {
	if (job.phase === 'cancelled') return job.error === PURGED_TEXT ? 'purged' : 'cancelled';
	const retentionMs = job.sync ? timers.retentionSyncMs : timers.retentionAsyncMs;
	return job.endedAt !== null && job.expiresAt !== null && job.expiresAt < job.endedAt + retentionMs ? 'shortened' : 'expired';
}
