/** One process at a time: a file with the holder's number. The file of a holder that is gone counts for nothing. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { until } from './wait.ts';

/** Runs `work` while this process holds the lock at `path`, after waiting for others for at most `waitMs`. */
export async function withLock<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T> {
	await until(() => take(path), { what: `lock ${path} is free`, timeoutMs: waitMs, everyMs: 200 });
	try {
		return await work();
	} finally {
		rmSync(path, { force: true });
	}
}

function take(path: string): boolean {
	try {
		writeFileSync(path, String(process.pid), { flag: 'wx' });
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
	}
	if (isAbandoned(path)) rmSync(path, { force: true });
	return false;
}

function isAbandoned(path: string): boolean {
	try {
		const holder = Number(readFileSync(path, 'utf8'));
		if (holder > 0) process.kill(holder, 0);
		return false; // No number yet: its holder is writing it.
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ESRCH';
	}
}
