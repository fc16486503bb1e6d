/**
 * The directory that a process worker starts in. Usually the image's own; but the RunPod SDK from 1.7.11 to 1.10 keeps the list of
 * its jobs in a file of the working directory, so that two workers in one directory would take each other's jobs for their own.
 * Such workers get a directory of links to everything in the image's.
 */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const JOB_LIST_FILES = ['.runpod_jobs.pkl', '.runpod_jobs.pkl.lock'];

/** True when an SDK that keeps its job list in the working directory has run in `directory`. */
export function keepsJobListIn(directory: string): boolean {
	return JOB_LIST_FILES.some((name) => existsSync(join(directory, name)));
}

/** Fills `target` with links to the entries of `directory`, but for the job lists. Returns `target`. */
export function linkDirectory(directory: string, target: string): string {
	mkdirSync(target, { recursive: true });
	for (const name of readdirSync(directory)) {
		if (!JOB_LIST_FILES.includes(name)) symlinkSync(join(directory, name), join(target, name));
	}
	return target;
}
