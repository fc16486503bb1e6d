/** Starts a real nats-server with JetStream on a free port and a store of its own, and can end it in every way that a test needs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderNatsConfig } from '../../infra/local/nats-config.ts';
import { ensureNatsServer } from '../../infra/local/nats-server.ts';
import type { NatsIdentities } from './nats-identities.ts';
import { until } from './wait.ts';

export interface TestNats {
	readonly url: string;
	readonly pid: () => number;
	readonly storeDir: string;
	/** SIGTERM, and the store is removed. */
	stop(): Promise<void>;
	/** SIGKILL; the store stays. */
	kill(): Promise<void>;
	/** Starts again on the same port and, unless `wipe` is set, with the same store. */
	restart(options?: { readonly wipe?: boolean }): Promise<void>;
}

export interface StartNatsOptions {
	/** Path of the binary; else `NATS_SERVER` or what the local stack would use. */
	readonly binary?: string;
	/** Whose signatures it asks for, as in production; without, it lets everybody in. */
	readonly identities?: NatsIdentities;
}

/** Resolves when the server takes connections. */
export async function startNats(options: StartNatsOptions = {}): Promise<TestNats> {
	const binary = options.binary ?? process.env['NATS_SERVER'] ?? (await ensureNatsServer()).path;
	const home = await mkdtemp(join(tmpdir(), 'longshore-nats-'));
	const start = (port: number): ReturnType<typeof launch> => launch(binary, home, port, options.identities);
	let server = await start(-1);
	const port = server.port;
	return {
		url: `nats://127.0.0.1:${port}`,
		pid: () => server.child.pid ?? 0,
		storeDir: join(home, 'store'),
		stop: async () => {
			await end(server.child, 'SIGTERM');
			await rm(home, { recursive: true, force: true });
		},
		kill: () => end(server.child, 'SIGKILL'),
		restart: async ({ wipe = false } = {}) => {
			await end(server.child, 'SIGKILL');
			if (wipe) await rm(join(home, 'store'), { recursive: true, force: true });
			server = await start(port);
		},
	};
}

/** Port −1 lets the server choose; it writes its choice into a ports file. */
async function launch(binary: string, home: string, port: number, identities: NatsIdentities | undefined): Promise<{ child: ChildProcess; port: number }> {
	const args =
		identities === undefined
			? ['--jetstream', '--store_dir', join(home, 'store'), '--addr', '127.0.0.1', '--port', String(port)]
			: ['-c', await writeConfig(home, port, identities)];
	const child = spawn(binary, [...args, '--ports_file_dir', home], { stdio: ['ignore', 'ignore', 'pipe'] });
	let log = '';
	child.stderr?.on('data', (chunk: Buffer) => {
		log = (log + chunk.toString()).slice(-4_000);
	});
	const file = join(home, `${binary.split('/').at(-1)}_${child.pid}.ports`);
	const url = await until(
		async (note) => {
			note(log);
			if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}: ${log}`);
			const text = await readFile(file, 'utf8').catch(() => '');
			return text === '' ? undefined : (JSON.parse(text) as { nats: string[] }).nats[0];
		},
		{ what: 'nats-server writes its ports file', timeoutMs: 15_000, everyMs: 10 },
	);
	return { child, port: Number(new URL(url).port) };
}

async function writeConfig(home: string, port: number, identities: NatsIdentities): Promise<string> {
	const config = join(home, 'nats.conf');
	const text = renderNatsConfig({
		regionId: 'eu-1',
		nodeName: 'eu-1',
		port,
		monitorPort: -1,
		storeDir: join(home, 'store'),
		accountsDir: join(home, 'accounts'),
		...identities.config,
		syncAlways: false,
		storeKey: 'key-of-the-test',
	});
	await writeFile(config, text);
	return config;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill(signal);
	await ended;
}
