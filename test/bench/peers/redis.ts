/** A Redis of the comparison's own: every write on disk before its answer (`appendfsync always`), as durable as what it is compared with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/start-stack.ts';
import { until } from '../../support/wait.ts';

export interface Redis {
	readonly port: number;
	readonly pid: number;
	stop(): Promise<void>;
}

/** Starts `redis-server` (`REDIS_SERVER` or from the path) on a free port with an empty directory. */
export async function startRedis(): Promise<Redis> {
	const port = await freePort();
	const directory = mkdtempSync(join(tmpdir(), 'bench-redis-'));
	const args = [
		'--port',
		String(port),
		'--bind',
		'127.0.0.1',
		'--dir',
		directory,
		'--appendonly',
		'yes',
		'--appendfsync',
		'always',
		'--save',
		'',
		'--maxmemory-policy',
		'noeviction',
	];
	const child = spawn(process.env['REDIS_SERVER'] ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
	let output = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	child.on('error', (error) => {
		output += error.message;
	});
	await until(() => output.includes('Ready to accept connections'), { what: 'redis-server ready (install it, or name it in REDIS_SERVER)', timeoutMs: 10_000 });
	return {
		port,
		pid: child.pid ?? 0,
		stop: async () => {
			await endProcess(child);
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

/** SIGTERM, then waits for the end. */
export function endProcess(child: ChildProcess): Promise<void> {
	return new Promise((done) => {
		if (child.exitCode !== null || child.signalCode !== null) return done();
		child.once('exit', () => done());
		child.kill('SIGTERM');
	});
}
