/** Plays histories in processes of their own, several at a time. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { PlayOptions, PlayResult } from './play.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const list = (numbers: readonly number[] | null): string => (numbers === null ? 'all' : numbers.length === 0 ? 'none' : numbers.join(','));

/** Plays one history. `root`: of the tree whose code is simulated, the caller's own unless given. */
export async function playApart({ seed, hours, faults, jobs }: PlayOptions, root: string = resolve(import.meta.dirname, '../..')): Promise<PlayResult> {
	const home = resolve(root, 'test/dst');
	const args = ['--no-warnings', '--import', resolve(home, 'hooks.mjs'), resolve(home, 'play-seed.ts'), String(seed), String(hours), list(faults), list(jobs)];
	// The spawning process may carry flags of a test runner, which would make histories differ between runners.
	const { NODE_OPTIONS: _flags, ...env } = process.env;
	const { stdout } = await run(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX, cwd: root, env });
	return JSON.parse(stdout) as PlayResult;
}

/** Runs all of them, as many at a time as there are lanes; the order of the results is that of the work. */
export async function inLanes<T, R>(work: readonly T[], play: (one: T) => Promise<R>, lanes: number = Math.min(2, availableParallelism())): Promise<R[]> {
	const results: R[] = new Array<R>(work.length);
	let next = 0;
	const lane = async (): Promise<void> => {
		for (let i = next++; i < work.length; i = next++) results[i] = await play(work[i] as T);
	};
	await Promise.all(Array.from({ length: lanes }, lane));
	return results;
}
