/** Which addresses workerd's network keeps webhooks from, whatever the URL looked like: the last word after the guard's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { workerdBinary } from '../../../infra/workerd/binary.ts';
import { renderWorkerdConfig } from '../../../infra/workerd/config.ts';
import { DURABLE_OBJECTS } from '../../../infra/workerd/edge-classes.ts';
import { until } from '../../support/wait.ts';

const CLASSES = Object.values(DURABLE_OBJECTS).map((name) => `export class ${name} extends DurableObject {}`);
const WORKER = `import { DurableObject } from 'cloudflare:workers';
${CLASSES.join('\n')}
export default { async fetch(request) {
	const target = new URL(request.url).searchParams.get('target');
	return new Response(await fetch(target, { signal: AbortSignal.timeout(5_000) }).then(() => 'reached', () => 'not reached'));
} };`;

/** What the runtime logs when its network refuses an address. */
const REFUSED = 'blocked by restrictPeers()';
/** Reserved and multicast addresses, cloud metadata (link-local and elsewhere), and IPv6 that carries IPv4. Nothing is ever sent to them. */
const NEVER = [
	...['169.254.169.254', '[::ffff:169.254.169.254]', '100.100.100.200', '[::ffff:100.100.100.200]', '168.63.129.16', '[fd00:ec2::254]', '[fd20:ce::254]'],
	...['[fe80::1]', '198.18.0.1', '192.0.0.1', '224.0.0.1', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:1::1]', '[::]'],
];
const INNER = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '[fd00::1]'];

let home: string;
let canary: Server;
let child: ChildProcess | undefined;
let log: string;
let hits: number;

beforeEach(async () => {
	home = mkdtempSync(join(tmpdir(), 'longshore-net-'));
	mkdirSync(join(home, 'data'));
	writeFileSync(join(home, 'worker.js'), WORKER);
	hits = 0;
	canary = createServer((_, response) => {
		hits++;
		response.end();
	});
	await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
	child?.kill('SIGKILL');
	canary.close();
	rmSync(home, { recursive: true, force: true });
});

/** Starts workerd; the answer tells whether a target was reached, and whether the network refused it. */
async function start(allowPrivateWebhooks: boolean): Promise<(host: string) => Promise<string>> {
	const config = join(home, 'edge.capnp');
	writeFileSync(config, renderWorkerdConfig({ listen: '127.0.0.1:0', workerFile: 'worker.js', dataDir: join(home, 'data'), settings: [], allowPrivateWebhooks }));
	const workerd = spawn(workerdBinary(), ['serve', '--control-fd=3', config], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
	child = workerd;
	workerd.stderr?.on('data', (chunk: Buffer) => {
		log += chunk.toString();
	});
	const line = await new Promise<string>((resolve, reject) => {
		workerd.stdio[3]?.once('data', (chunk: Buffer) => resolve(chunk.toString()));
		workerd.once('exit', () => reject(new Error('workerd refused the configuration')));
	});
	const { port } = JSON.parse(line) as { port: number };
	const target = (canary.address() as AddressInfo).port;
	return async (host) => {
		log = '';
		const response = await fetch(`http://127.0.0.1:${port}/?target=${encodeURIComponent(`http://${host}:${target}/`)}`);
		const text = await response.text();
		if (text === 'reached') return text;
		await until(async () => log.includes(REFUSED), { what: `${host} to be refused by the network`, timeoutMs: 5_000, everyMs: 10 });
		return 'refused';
	};
}

test('by default it refuses every address that is not public', async () => {
	const call = await start(false);
	for (const host of [...NEVER, ...INNER]) expect([host, await call(host)]).toEqual([host, 'refused']);
	expect(hits).toBe(0);
});

test('with the operator’s leave it reaches loopback, and still no metadata, reserved or embedding address', async () => {
	const call = await start(true);
	for (const host of NEVER) expect([host, await call(host)]).toEqual([host, 'refused']);
	expect([await call('127.0.0.1'), hits]).toEqual(['reached', 1]);
});
