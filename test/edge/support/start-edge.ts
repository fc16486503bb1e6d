/** Starts the bundled Worker on a bare workerd with a data directory of its own, as `npm start` does, and can kill it at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { workerdBinary } from '../../../infra/workerd/binary.ts';
import { bundleEdge } from '../../../infra/workerd/bundle.ts';
import { renderWorkerdConfig } from '../../../infra/workerd/config.ts';

/** Token of every edge that a test starts. */
export const OPERATOR_TOKEN = 'operator-token-of-a-test';

/** Timers that let a test see in a second what takes minutes in production. The retention stays long unless a test shortens it. */
const SETTINGS: Readonly<Record<string, string>> = {
	LONGSHORE_JOB_SHARDS: '1',
	LONGSHORE_START_WITHIN_MS: '2000',
	LONGSHORE_DISPATCH_CONFIRM_MS: '1000',
	LONGSHORE_SWEEP_MS: '500',
	LONGSHORE_REGION_LEASE_MS: '4000',
	LONGSHORE_WATCHDOG_GRACE_MS: '500',
	LONGSHORE_DIRECTORY_CACHE_MS: '100',
};

/** An answer, its body read as text. */
export interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	/** The body as JSON. */
	readonly body: Record<string, unknown>;
}

export interface Edge {
	readonly url: string;
	readonly publicKey: KeyObject;
	readonly dataDir: string;
	/** Lines of its log. */
	readonly log: readonly string[];
	/** A call with the operator's token unless `key` is given. Bodies that are no text or bytes become JSON. */
	call(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
	/** A new account's API key. */
	createAccount(): Promise<string>;
	/** SIGKILL, and the same data under the same port again. */
	restart(): Promise<void>;
	/** SIGKILL without a new start. */
	kill(): Promise<void>;
	stop(): Promise<void>;
}

/** Resolves when the edge answers. `settings` are `LONGSHORE_*` variables without the prefix; the network of webhooks may be set apart from them. */
export async function startEdge(settings: Readonly<Record<string, string | number>> = {}, { webhooksReachPrivate = settings['WEBHOOK_ALLOW_PRIVATE'] === 1 } = {}): Promise<Edge> {
	const home = await mkdtemp(join(tmpdir(), 'longshore-edge-'));
	const dataDir = join(home, 'data');
	await mkdir(dataDir);
	await copyFile(await bundleEdge(() => undefined), join(home, 'worker.js'));
	const keys = generateKeyPairSync('ed25519');
	const env: Record<string, string> = {
		...SETTINGS,
		LONGSHORE_EDGE_PRIVATE_KEY: keys.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
		LONGSHORE_ID_KEY: randomBytes(32).toString('base64'),
		LONGSHORE_SEAL_KEY: randomBytes(32).toString('base64'),
		LONGSHORE_OPERATOR_TOKEN: OPERATOR_TOKEN,
		...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`LONGSHORE_${name}`, String(value)])),
	};
	const log: string[] = [];
	let port = 0;
	let child: ChildProcess;
	const launch = async (): Promise<void> => {
		const config = renderWorkerdConfig({ listen: `127.0.0.1:${port}`, workerFile: 'worker.js', dataDir, settings: Object.keys(env), allowPrivateWebhooks: webhooksReachPrivate });
		await writeFile(join(home, 'edge.capnp'), config);
		child = spawn(workerdBinary(), ['serve', '--control-fd=3', join(home, 'edge.capnp')], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
		for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface({ input: stream }).on('line', (line) => log.push(line));
		port = await listeningPort(child, log);
	};
	const end = async (): Promise<void> => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const exited = once(child, 'exit');
		child.kill('SIGKILL');
		await exited;
	};
	await launch();
	const call = (method: string, path: string, body?: unknown, key = OPERATOR_TOKEN): Promise<Answer> => callEdge(`http://127.0.0.1:${port}`, method, path, body, key);
	return {
		url: `http://127.0.0.1:${port}`,
		publicKey: keys.publicKey,
		dataDir,
		log,
		call,
		createAccount: async () => (await call('POST', '/admin/accounts', { name: 'somebody' })).body['apiKey'] as string,
		kill: end,
		restart: async () => {
			await end();
			await launch();
		},
		stop: async () => {
			await end();
			await rm(home, { recursive: true, force: true });
		},
	};
}

/** workerd says on its control pipe which port the system gave it. */
async function listeningPort(child: ChildProcess, log: readonly string[]): Promise<number> {
	const lines = createInterface({ input: child.stdio[3] as Readable });
	const exited = once(child, 'exit').then(() => {
		throw new Error(`workerd ended at its start: ${log.slice(-5).join(' | ')}`);
	});
	const listening = (async () => {
		for await (const line of lines) {
			const message = JSON.parse(line) as { event: string; port: number };
			if (message.event === 'listen') return message.port;
		}
		throw new Error('workerd closed its control pipe');
	})();
	const port = await Promise.race([listening, exited]);
	exited.catch(() => undefined);
	return port;
}

async function callEdge(url: string, method: string, path: string, body: unknown, key: string): Promise<Answer> {
	const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
	const response = await fetch(url + path, {
		method,
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: raw ? (body as string | Uint8Array<ArrayBuffer> | ReadableStream) : JSON.stringify(body), duplex: 'half' as const }),
		signal: AbortSignal.timeout(60_000),
	});
	const text = await response.text();
	return {
		status: response.status,
		headers: response.headers,
		text,
		get body() {
			return JSON.parse(text) as Record<string, unknown>;
		},
	};
}
