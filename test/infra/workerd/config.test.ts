/** The written configuration under a real workerd: settings, storage, and which network leads where. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workerdBinary } from '../../../infra/workerd/binary.ts';
import { renderWorkerdConfig, type WorkerdOptions } from '../../../infra/workerd/config.ts';
import { DURABLE_OBJECTS } from '../../../infra/workerd/edge-classes.ts';

const WORKER = `
import { DurableObject } from 'cloudflare:workers';
export class JobStore extends DurableObject {
	count() {
		this.ctx.storage.sql.exec('create table if not exists n (x)');
		this.ctx.storage.sql.exec('insert into n values (1)');
		return this.ctx.storage.sql.exec('select count(*) as n from n').one().n;
	}
}
export class AccountStore extends DurableObject {}
export class EndpointStore extends DurableObject {}
export class RegionDirectory extends DurableObject {}
const reach = async (call) => { try { return (await call).status; } catch (error) { return 'refused'; } };
export default {
	async fetch(request, env) {
		const target = new URL(request.url).searchParams.get('target');
		return Response.json({
			settings: { token: env.LONGSHORE_OPERATOR_TOKEN, absent: env.LONGSHORE_ABSENT },
			bindings: Object.keys(env).sort(),
			count: await env.JOB_STORE.getByName('one').count(),
			webhook: await reach(fetch(target)),
			region: await reach(env.REGION_NET.fetch(target)),
		});
	},
};`;

let home: string;
let target: Server;
const running: ChildProcess[] = [];

beforeAll(async () => {
	home = join(mkdtempSync(join(tmpdir(), 'workerd-')), 'a "quoted" dir\\with spaces');
	mkdirSync(join(home, 'data'), { recursive: true });
	writeFileSync(join(home, 'worker.js'), WORKER);
	target = createServer((_, response) => response.end('reached'));
	await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
	for (const child of running) child.kill('SIGKILL');
	target.close();
	rmSync(home, { recursive: true, force: true });
});

async function serve(options: Partial<WorkerdOptions>): Promise<{ ask(): Promise<Record<string, unknown>>; kill(): Promise<void> }> {
	const config = join(home, 'edge.capnp');
	writeFileSync(
		config,
		renderWorkerdConfig({
			listen: '127.0.0.1:0',
			workerFile: 'worker.js',
			dataDir: join(home, 'data'),
			settings: ['LONGSHORE_OPERATOR_TOKEN'],
			allowPrivateWebhooks: false,
			...options,
		}),
	);
	const child = spawn(workerdBinary(), ['serve', '--control-fd=3', config], {
		env: { LONGSHORE_OPERATOR_TOKEN: 'from the environment' },
		stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
	});
	running.push(child);
	const line = await new Promise<string>((resolve, reject) => {
		child.stdio[3]?.once('data', (chunk: Buffer) => resolve(String(chunk)));
		child.once('exit', () => reject(new Error('workerd refused the configuration')));
	});
	const { port } = JSON.parse(line) as { port: number };
	const url = `http://127.0.0.1:${port}/?target=${encodeURIComponent(`http://127.0.0.1:${(target.address() as AddressInfo).port}/`)}`;
	return {
		ask: async () => (await (await fetch(url)).json()) as Record<string, unknown>,
		kill: () =>
			new Promise((resolve) => {
				child.once('exit', () => resolve());
				child.kill('SIGKILL');
			}),
	};
}

describe('the edge under bare workerd', () => {
	test('has its stores, its settings and the road to regions, and keeps data over kill -9', async () => {
		const first = await serve({});
		expect(await first.ask()).toMatchObject({
			settings: { token: 'from the environment' },
			bindings: [...Object.keys(DURABLE_OBJECTS), 'LONGSHORE_OPERATOR_TOKEN', 'REGION_NET'].sort(),
			count: 1,
		});
		await first.kill();
		const second = await serve({});
		expect(await second.ask()).toMatchObject({ count: 2 });
		await second.kill();
		expect(readdirSync(join(home, 'data'))).toContain('JobStore');
	});

	test('reaches regions on private addresses, but webhooks only public ones', async () => {
		const edge = await serve({});
		expect(await edge.ask()).toMatchObject({ webhook: 'refused', region: 200 });
		await edge.kill();
	});

	test('lets webhooks reach private addresses where the operator says so', async () => {
		const edge = await serve({ allowPrivateWebhooks: true });
		expect(await edge.ask()).toMatchObject({ webhook: 200, region: 200 });
		await edge.kill();
	});

	test('gets no secret through its configuration file', () => {
		const text = renderWorkerdConfig({ listen: '127.0.0.1:1', workerFile: 'worker.js', dataDir: '/data', settings: ['LONGSHORE_ID_KEY'], allowPrivateWebhooks: false });
		expect(text).toContain('( name = "LONGSHORE_ID_KEY", fromEnvironment = "LONGSHORE_ID_KEY" )');
	});
});
