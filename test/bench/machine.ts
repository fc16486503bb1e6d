/** What the figures depend on besides the code: commit, cores, and the versions of the engines underneath. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { identifyProcess } from '../support/processes.ts';
import type { Stack } from '../support/start-stack.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const loadBefore = Number((loadavg()[0] ?? 0).toFixed(2));

/** Short commit, with `+` when the working tree differs from it. */
export function currentCommit(): string {
	const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
	try {
		return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
	} catch {
		return 'none'; // No git: a release archive.
	}
}

/** Cores, Node, and the very binaries that the stack runs. */
export function describeMachine(stack: Stack): Record<string, string | number> {
	const { pids } = stack.local();
	return {
		cores: cpus().length,
		// Others at work make every figure worse; the CPU figures least.
		'load before': loadBefore,
		cpu: cpus()[0]?.model ?? 'unknown',
		node: process.versions.node,
		workerd: versionOf(pids.edge),
		nats: versionOf(Object.values(pids.nats)[0]),
	};
}

function versionOf(pid: number | undefined): string {
	const binary = pid === undefined ? undefined : identifyProcess(pid)?.command.split(' ')[0];
	if (binary === undefined || binary === '') return 'unknown';
	try {
		return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
	} catch {
		return 'unknown'; // Started by a name that this process cannot run.
	}
}
