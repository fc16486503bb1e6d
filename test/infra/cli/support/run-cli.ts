/** Runs the command line as a person would, in a process of its own, and keeps what it said. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../../../infra/cli/main.ts');
const TIMEOUT_MS = 60_000;

export interface CliRun {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
	/** stdout as JSON. */
	readonly json: Record<string, unknown>;
}

/** A place with a configuration of its own, and the command in it. */
export interface Cli {
	/** Its working directory and the home of its configuration. */
	readonly dir: string;
	readonly configFile: string;
	run(args: readonly string[], more?: { readonly env?: Readonly<Record<string, string>>; readonly input?: string; readonly cwd?: string }): Promise<CliRun>;
	remove(): void;
}

/** `env` goes with every run; nothing of the machine's own configuration does. */
export function createCli(env: Readonly<Record<string, string>> = {}): Cli {
	const dir = mkdtempSync(join(tmpdir(), 'longshore-cli-'));
	return {
		dir,
		configFile: join(dir, 'config/longshore/config.json'),
		run: (args, more = {}) => runCli(args, { ...env, XDG_CONFIG_HOME: join(dir, 'config'), ...more.env }, more.input ?? '', more.cwd ?? dir),
		remove: () => rmSync(dir, { recursive: true, force: true }),
	};
}

function runCli(args: readonly string[], env: Readonly<Record<string, string>>, input: string, cwd: string): Promise<CliRun> {
	return new Promise((done, fail) => {
		const child = spawn(process.execPath, [MAIN, ...args], {
			cwd,
			env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
			stdio: 'pipe',
			timeout: TIMEOUT_MS,
			killSignal: 'SIGKILL',
		});
		const parts = { stdout: '', stderr: '' };
		for (const name of ['stdout', 'stderr'] as const) {
			child[name].setEncoding('utf8').on('data', (text: string) => {
				parts[name] += text;
			});
		}
		child.on('error', fail);
		child.stdin.on('error', () => undefined); // It may end without reading.
		child.stdin.end(input);
		child.on('close', (code) =>
			done({
				code,
				...parts,
				get json() {
					return JSON.parse(parts.stdout) as Record<string, unknown>;
				},
			}),
		);
	});
}
