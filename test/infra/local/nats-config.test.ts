/** The written configuration on a real nats-server: hosts can do their work and none of the known attacks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createInbox, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderNatsConfig } from '../../../infra/local/nats-config.ts';
import { ensureNatsServer } from '../../../infra/local/nats-server.ts';
import { filesHolding } from '../../support/files-holding.ts';
import { freePort } from '../../support/start-stack.ts';

const HOSTS = { 'host-a': 'password-of-a', 'host-b': 'password-of-b' };
let home: string;
let server: ChildProcess;
let port: number;
let broker: NatsConnection;

beforeAll(async () => {
	home = mkdtempSync(join(tmpdir(), 'nats-config-'));
	port = await freePort();
	const config = join(home, 'nats.conf');
	const options = {
		regionId: 'eu-1',
		nodeName: 'eu-1',
		port,
		monitorPort: await freePort(),
		storeDir: join(home, 'data'),
		brokerPassword: 'password "of" the\\broker',
		hosts: HOSTS,
		storeKey: 'key "of" the\\store',
	};
	writeFileSync(config, renderNatsConfig({ ...options, syncAlways: false }));
	const { path } = await ensureNatsServer();
	server = spawn(path, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
	await new Promise<void>((resolve, reject) => {
		server.stderr?.setEncoding('utf8').on('data', (text: string) => {
			if (text.includes('Server is ready')) resolve();
		});
		server.once('exit', () => reject(new Error('nats-server refused the configuration')));
	});
	broker = await connect({ port, user: 'broker', pass: options.brokerPassword });
	const manager = await broker.jetstreamManager();
	await manager.streams.add({ name: 'JOBS', subjects: ['jobs.>'] });
	await manager.streams.add({ name: 'EVENTS', subjects: ['events.>'] });
	await manager.consumers.add('JOBS', { durable_name: 'ep-one', filter_subject: 'jobs.one.>', ack_policy: 'explicit' as never });
});

afterAll(async () => {
	await broker?.close();
	server?.kill('SIGKILL');
	rmSync(home, { recursive: true, force: true });
});

test('the store holds no message in the clear', async () => {
	const canary = `canary-${crypto.randomUUID()}`;
	const jetstream = broker.jetstream();
	for (let i = 0; i < 20; i++) await jetstream.publish('events.host-a', canary);
	const stored = await (await broker.jetstreamManager()).streams.getMessage('EVENTS', { last_by_subj: 'events.host-a' });
	expect(stored.string()).toBe(canary);
	const written = readdirSync(join(home, 'data'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.blk'));
	expect(written.reduce((sum, path) => sum + statSync(join(home, 'data', path)).size, 0)).toBeGreaterThan(20 * canary.length);
	expect(filesHolding(join(home, 'data'), canary)).toEqual([]);
});

async function asHost(work: (host: NatsConnection) => Promise<void>): Promise<void> {
	const host = await connect({ port, user: 'host-a', pass: HOSTS['host-a'], inboxPrefix: '_INBOX_host-a' });
	try {
		await work(host);
	} finally {
		await host.close();
	}
}

async function isSubscribeRefused(subject: string): Promise<boolean> {
	let refused = false;
	await asHost(async (host) => {
		const subscription = host.subscribe(subject, {
			callback: (error) => {
				if (error !== null) refused = true;
			},
		});
		await host.flush();
		await host.flush();
		subscription.unsubscribe();
	});
	return refused;
}

describe('a host', () => {
	test('takes a job, acknowledges it and stores its event', async () => {
		await broker.jetstream().publish('jobs.one.normal', 'payload');
		await asHost(async (host) => {
			const inbox = createInbox('_INBOX_host-a');
			const arrived = host.subscribe(inbox, { max: 1 });
			host.publish('$JS.API.CONSUMER.MSG.NEXT.JOBS.ep-one', JSON.stringify({ batch: 1, expires: 5_000_000_000 }), { reply: inbox });
			for await (const message of arrived) {
				expect(message.string()).toBe('payload');
				message.respond('+ACK');
			}
			const stored = JSON.parse((await host.request('events.host-a', 'event')).string()) as { stream: string };
			expect(stored.stream).toBe('EVENTS');
		});
		const info = await (await broker.jetstreamManager()).consumers.info('JOBS', 'ep-one');
		expect(info).toMatchObject({ num_ack_pending: 0, ack_floor: { stream_seq: 1 } });
	});

	test('gets the answer to a report', async () => {
		broker.subscribe('reports.*', { callback: (_, message) => void message.respond('verdicts') });
		await broker.flush();
		await asHost(async (host) => expect((await host.request('reports.host-a', 'events')).string()).toBe('verdicts'));
	});

	test('answers a command of the broker', async () => {
		await asHost(async (host) => {
			host.subscribe('ctl.host-a', { callback: (_, message) => void message.respond('done') });
			await host.flush();
			expect((await broker.request('ctl.host-a', '{}')).string()).toBe('done');
		});
	});

	test.each([
		'events.host-b',
		'reports.host-b',
		'usage.host-b',
		'verdicts.host-a',
		'ctl.host-b',
		'hosts.ack.host-a',
		'jobs.one.normal',
		'$JS.ACK.EVENTS.relay.1.1.1.1.0',
		'$JS.API.CONSUMER.CREATE.JOBS',
		'$JS.API.CONSUMER.DELETE.JOBS.ep-one',
		'$JS.API.CONSUMER.MSG.NEXT.EVENTS.relay',
		'$JS.API.STREAM.DELETE.JOBS',
		'$JS.API.STREAM.PURGE.JOBS',
		'$JS.API.STREAM.MSG.GET.JOBS',
		'$JS.API.ACCOUNT.PURGE.REGION',
		'$JS.API.SERVER.REMOVE',
		'$SYS.REQ.SERVER.PING',
	])('may not publish to %s', async (subject) => {
		await asHost(async (host) => {
			await expect(host.request(subject, '{}', { timeout: 2_000 })).rejects.toThrow(/permission/i);
		});
	});

	test.each(['>', 'jobs.>', 'events.>', 'reports.>', 'ctl.host-b', 'logs.host-b', 'verdicts.host-b', '_INBOX.>', '_INBOX_host-b.>', 'hosts.report', 'claims', '$JS.>', '$SYS.>'])(
		'may not subscribe to %s',
		async (subject) => {
			expect(await isSubscribeRefused(subject)).toBe(true);
		},
	);

	test('does not get in with the password of another', async () => {
		await expect(connect({ port, user: 'host-a', pass: HOSTS['host-b'], maxReconnectAttempts: 0 })).rejects.toThrow(/Authorization/i);
	});
});

describe('the broker', () => {
	test.each(['$JS.API.ACCOUNT.PURGE.REGION', '$JS.API.SERVER.REMOVE', '$JS.API.META.LEADER.STEPDOWN'])('may not publish to %s', async (subject) => {
		await expect(broker.request(subject, '{}', { timeout: 2_000 })).rejects.toThrow(/permission/i);
	});
});
