/** The agent's side of its watchdog: starts it with the first local worker, keeps it running, and extends the workers' lease. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Log } from '../log.ts';

const PROGRAM = resolve(import.meta.dirname, '../../..', 'gpu-worker/src/watchdog/main.ts');
const AGAIN_MS = 500;

export interface Watchdog {
	/** Stands in the record of every worker that is to be watched. */
	readonly owner: string;
	/** There are workers to watch from now on. */
	wake(): void;
	/** Local workers may run for so many more milliseconds, whatever becomes of the agent; a negative number: no longer. */
	extend(forMs: number): void;
}

export function createWatchdog(workersDir: string, log: Log): Watchdog {
	const owner = randomBytes(8).toString('hex');
	let child: ChildProcess | null = null;
	const start = (): void => {
		// A group of its own: what ends the agent's group must not end who watches over its workers.
		const started = spawn(process.execPath, [PROGRAM, workersDir, owner], {
			detached: true,
			stdio: ['pipe', 'ignore', 'ignore'],
			env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
		});
		child = started;
		started.unref();
		started.stdin?.on('error', () => undefined);
		started.once('error', (error) => again(error.message));
		started.once('exit', (code, signal) => again(signal ?? `exit ${code}`));
	};
	const again = (how: string): void => {
		log.warn('the watchdog of the local workers ended, starting it again', { how });
		setTimeout(start, AGAIN_MS).unref();
	};
	return {
		owner,
		wake: () => {
			if (child === null) start();
		},
		extend: (forMs) => void child?.stdin?.write(`${Math.round(forMs)}\n`),
	};
}
