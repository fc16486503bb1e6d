/** Starts the local stack as `npm start` does, in its own process group and home, and ends it; a test's only way to the system. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DeploySpec, deployEndpoint } from './deploy.ts';
import { JobApi } from './job-api.ts';
import { isRunning, type ProcessIdentity, processesNaming, processFamily } from './processes.ts';
import { until } from './wait.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** `$LONGSHORE_HOME/local.json`: the local stack's contract with scripts and tests. */
export interface LocalStack {
	readonly url: string;
	readonly apiKey: string;
	readonly operatorToken: string;
	readonly consoleUrl: string;
	readonly regions: readonly {
		readonly id: string;
		readonly url: string;
		readonly operatorToken: string;
		readonly natsUrl: string;
		readonly natsCredentials: string;
		readonly dataCenters: unknown;
	}[];
	readonly endpoints: Readonly<Record<string, string>>;
	readonly pids: {
		/** Absent for the moment in which it is started again, as any of the others. */
		readonly edge?: number;
		readonly brokers: Readonly<Record<string, number>>;
		readonly nats: Readonly<Record<string, number>>;
		readonly hosts: Readonly<Record<string, number>>;
		/** Relays between a region and the edge, where there are any. */
		readonly links: Readonly<Record<string, number>>;
	};
}

export interface StartStackOptions {
	/** Settings (`LONGSHORE_…`) on top of the machine's environment. */
	readonly env?: Readonly<Record<string, string>>;
	/** Content of the topology file. */
	readonly topology?: unknown;
	/** Home of an earlier stack, to start it again; it is then not removed at the end. */
	readonly home?: string;
	/** Port of an earlier stack. */
	readonly port?: number;
	/** Time to ready; the first start on a machine installs things. */
	readonly timeoutMs?: number;
}

/** A running stack. */
export interface Stack {
	readonly url: string;
	readonly port: number;
	readonly apiKey: string;
	readonly home: string;
	/** Root of its processes. */
	readonly pid: number;
	/** What `local.json` says now: process numbers change when one is restarted. */
	local(): LocalStack;
	/** Everything printed so far. */
	stdout(): string;
	deploy(spec: DeploySpec): Promise<string>;
	api(endpointId: string, key?: string): JobApi;
	/** Ends it as Ctrl-C does and throws unless every process of it is gone. */
	stop(): Promise<void>;
	/** Ends every process of it at once with SIGKILL, as a power cut would. */
	kill(): Promise<void>;
}

/** Starts a stack and resolves when it is ready. The caller stops it. */
export async function startStack(options: StartStackOptions = {}): Promise<Stack> {
	const home = options.home ?? realpathSync(mkdtempSync(join(tmpdir(), 'longshore-')));
	const port = options.port ?? (await freePort());
	const printed: string[] = [];
	const child = launch(home, port, options, printed);
	const stdout = (): string => printed.join('');
	const localFile = join(home, 'local.json');
	const since = Date.now();
	try {
		await until(() => isReady(child, localFile, since, stdout), { what: 'local stack ready', timeoutMs: options.timeoutMs ?? 120_000, everyMs: 50 });
	} catch (error) {
		await end(child, home).catch(() => undefined); // The failed start is the error to show.
		throw new Error(`${(error as Error).message}\n--- output of the stack ---\n${stdout()}`);
	}
	const local = (): LocalStack => JSON.parse(readFileSync(localFile, 'utf8')) as LocalStack;
	const { url, apiKey } = local();
	return {
		url,
		port,
		apiKey,
		home,
		pid: child.pid ?? 0,
		local,
		stdout,
		deploy: (spec) => deployEndpoint(url, apiKey, spec),
		api: (endpointId, key = apiKey) => new JobApi(url, endpointId, key),
		stop: async () => {
			await end(child, home);
			if (options.home === undefined) rmSync(home, { recursive: true, force: true });
		},
		kill: () => killAll(child, home),
	};
}

/** A TCP port that was free just now. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const address = server.address();
	await new Promise((done) => server.close(done));
	if (address === null || typeof address === 'string') throw new Error('no port from the system');
	return address.port;
}

function launch(home: string, port: number, options: StartStackOptions, printed: string[]): ChildProcess {
	const env: NodeJS.ProcessEnv = { ...process.env };
	for (const name of Object.keys(env)) if (name.startsWith('LONGSHORE_') || name.startsWith('npm_')) delete env[name];
	Object.assign(env, { PORT: String(port), LONGSHORE_HOME: home, LONGSHORE_EXAMPLE: 'none' }, options.env);
	if (options.topology !== undefined) {
		const file = join(home, 'topology.json');
		writeFileSync(file, JSON.stringify(options.topology));
		env['LONGSHORE_TOPOLOGY'] = file;
	}
	const child = spawn(process.execPath, [resolve(import.meta.dirname, 'stack-guard.ts')], { cwd: REPOSITORY, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
	const collect = (text: string): void => {
		printed.push(text);
		if (process.env['LONGSHORE_TEST_SHOW_STACK'] === '1') process.stderr.write(text);
	};
	child.stdout?.setEncoding('utf8').on('data', collect);
	child.stderr?.setEncoding('utf8').on('data', collect);
	return child;
}

async function isReady(child: ChildProcess, localFile: string, sinceMs: number, stdout: () => string): Promise<boolean> {
	if (child.exitCode !== null || child.signalCode !== null) throw new Error(`npm start ended with ${child.exitCode ?? child.signalCode} before it was ready`);
	const written = statSync(localFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
	return written >= sinceMs - 1_000 && /\bready\b/i.test(stdout());
}

/** SIGTERM, passed on by the guard and by npm; then nothing that belonged to the stack may be left. */
async function end(child: ChildProcess, home: string): Promise<void> {
	const members = child.pid === undefined ? [] : [...processFamily(child.pid), ...processesNaming(home)];
	if (child.exitCode === null && child.signalCode === null) {
		const ended = new Promise((done) => child.once('exit', done));
		child.kill('SIGTERM');
		await Promise.race([ended, sleep(45_000, undefined, { ref: false })]);
	}
	const left = await survivors(members, home);
	for (const one of left) process.kill(one.pid, 'SIGKILL');
	if (left.length > 0) throw new Error(`processes of the stack outlived it (killed now): ${left.map((one) => `${one.pid} ${one.command.slice(0, 160)}`).join('; ')}`);
}

/** The supervisor goes first, or it would start again what dies. */
async function killAll(child: ChildProcess, home: string): Promise<void> {
	const members = child.pid === undefined ? [] : [...processFamily(child.pid), ...processesNaming(home)];
	for (const { pid } of members) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// It went with its parent.
		}
	}
	const left = await survivors(members, home);
	if (left.length > 0) throw new Error(`SIGKILL left ${left.map((one) => `${one.pid} ${one.command.slice(0, 160)}`).join('; ')}`);
}

/** Members that still run, after a moment for those whose parent was quicker than they. */
async function survivors(members: readonly ProcessIdentity[], home: string): Promise<ProcessIdentity[]> {
	let left: ProcessIdentity[] = [];
	for (let tries = 0; tries < 20; tries++) {
		const all = new Map([...members, ...processesNaming(home)].map((one) => [one.pid, one]));
		left = [...all.values()].filter(isRunning);
		if (left.length === 0) break;
		await sleep(100);
	}
	return left;
}
