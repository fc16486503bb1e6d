/** Runs a set-up command (pip, go, wrangler …) to its end and returns what it printed. Not for processes of the stack. */
import { type ChildProcess, spawn } from 'node:child_process';

/** How a command ended. `missing`: there is no such program. `output`: stdout and stderr together, the last 64 KiB. */
export interface CommandResult {
	readonly ok: boolean;
	readonly missing: boolean;
	readonly output: string;
}

const OUTPUT_CHARS_MAX = 64 * 1024;

/** A half-done installation does not outlive us: it is made again from the beginning anyway. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
	for (const child of running) child.kill('SIGKILL');
});

/** Runs `command` with the user's own environment plus `env`: installers need the user's proxy, mirror and certificate settings. */
export function runCommand(
	command: string,
	args: readonly string[],
	options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<CommandResult> {
	return new Promise((resolve) => {
		let output = '';
		const child = spawn(command, args, {
			cwd: options.cwd,
			env: { ...process.env, ...options.env },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		running.add(child);
		// Not spawn's own time-out: its timer outlives a program that is not there, and keeps this process waiting.
		const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
		const ended = (): void => {
			clearTimeout(timer);
			running.delete(child);
		};
		const collect = (text: string): void => {
			output = (output + text).slice(-OUTPUT_CHARS_MAX);
		};
		child.stdout.setEncoding('utf8').on('data', collect);
		child.stderr.setEncoding('utf8').on('data', collect);
		child.on('error', (error) => {
			ended();
			resolve({ ok: false, missing: (error as NodeJS.ErrnoException).code === 'ENOENT', output: error.message });
		});
		child.on('close', (code, signal) => {
			ended();
			resolve({ ok: code === 0, missing: false, output: signal === null ? output : `${output}\nended by ${signal} after ${options.timeoutMs} ms at most` });
		});
	});
}

/** The last line that says something, for one-line messages. */
export function lastLine(output: string): string {
	return output.trim().split('\n').at(-1)?.trim() ?? '';
}
