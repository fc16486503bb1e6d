/**
 * Who has stolen a host's credential, on a real nats-server with a real broker: tries everything on another host and on the streams, and
 * gets nowhere; and is out when the operator says so.
 */
import { Empty, type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { createUser } from 'nkeys.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostReport } from '../../shared-schema/src/wire/bus.ts';
import { encodeFramed } from '../../shared-schema/src/wire/framing.ts';
import { REGION_PATHS } from '../../shared-schema/src/wire/region.ts';
import { type BrokerWorld, startBrokerWorld } from '../support/broker-world.ts';
import { type HostLogin, natsIdentities } from '../support/nats-identities.ts';
import { dispatchOf, grantOf, OPERATOR_TOKEN } from '../support/start-broker.ts';
import { until } from '../support/wait.ts';

const identities = natsIdentities();
let world: BrokerWorld;
let admin: NatsConnection;
let streams: JetStreamManager;

interface Joined extends HostLogin {
	readonly hostToken: string;
}

const operator = async (path: string, body?: object): Promise<{ status: number; body: Record<string, string> }> => {
	const response = await fetch(`${world.broker.url}/operator/v1/hosts/${path}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const redeem = async (token: string, publicKey: string): Promise<{ status: number; body: Record<string, string> }> => {
	const response = await fetch(`${world.broker.url}/host/v1/enrol`, { method: 'POST', body: JSON.stringify({ token, publicKey }) });
	return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const payloadStatus = async (hostToken: string): Promise<number> =>
	(
		await fetch(`${world.broker.url}/host/v1/payload/j1?epoch=1`, {
			headers: { authorization: `Bearer ${hostToken}`, 'x-longshore-attempt': 'attempt-token-0123456789' },
		})
	).status;

/** As an operator and a machine do it. */
async function join(hostId: string): Promise<Joined> {
	const key = createUser();
	// 503 while the broker is on its way back to a NATS that has started anew.
	const invitation = await until(async () => (await operator(`${hostId}/enrol`).then((answer) => (answer.status === 503 ? undefined : answer))) ?? false, {
		what: 'an invitation',
	});
	expect(invitation).toMatchObject({ status: 200, body: { hostId, token: expect.stringMatching(new RegExp(`^${hostId}\\.[\\w-]{32}$`)) } });
	const { status, body } = await redeem(invitation.body['token'] ?? '', key.getPublicKey());
	expect(status).toBe(200);
	return { seed: Buffer.from(key.getSeed()).toString(), publicKey: key.getPublicKey(), token: body['natsToken'] ?? '', hostToken: body['hostToken'] ?? '' };
}

/** Resolves with the next message on a host's own inbox, having said where it is. */
async function askFor(host: NatsConnection, hostId: string, send: (reply: string) => void) {
	const reply = `_INBOX_${hostId}.${crypto.randomUUID()}`;
	const subscription = host.subscribe(reply, { max: 1 });
	send(reply);
	for await (const message of subscription) return message;
	throw new Error('the connection ended');
}

const PULL = JSON.stringify({ batch: 1, expires: 5_000_000_000 });
let a: Joined;
let b: Joined;
/** A's connection, in an attacker's hands. */
let thief: NatsConnection;
/** B, at work. */
let victim: NatsConnection;
let permitOfB: string;
const commandsToB: string[] = [];

beforeAll(async () => {
	world = await startBrokerWorld({ identities });
	admin = await identities.asBroker(world.nats.url);
	streams = await admin.jetstreamManager();
	[a, b] = [await join('host-a'), await join('host-b')];
	const standIn = await world.host('host-b', {}, { authenticator: (await import('nats')).jwtAuthenticator(b.token, Buffer.from(b.seed)) });
	victim = standIn.nats;
	thief = await identities.asHost(world.nats.url, 'host-a', a, { reconnect: false });
	await world.grant(grantOf('ep1', { workersMin: 1 }));
	const started = await until(() => standIn.commands.find((command) => command.op === 'start-worker'), { what: 'a worker is ordered from B' });
	permitOfB = started.op === 'start-worker' ? (started.permit ?? '') : '';
	expect(permitOfB).not.toBe('');
	admin.subscribe('ctl.host-b', { callback: (_, { data }) => commandsToB.push(Buffer.from(data).toString()) });
	await admin.flush();
}, 60_000);
afterAll(async () => {
	await thief?.close();
	await admin?.close();
	await world?.close();
});

const dispatch = async (id: string): Promise<void> => {
	const { body } = dispatchOf('ep1', [id]);
	expect(await world.broker.call(REGION_PATHS.dispatch, body)).toMatchObject({ status: 202 });
};
const jobs = async (): Promise<number> => (await streams.streams.info('JOBS')).state.messages;
const unacked = async (): Promise<number> => (await streams.consumers.info('JOBS', 'ep-ep1')).num_ack_pending;

/** The server's word on a publish. */
async function isRefused(connection: NatsConnection, subject: string, data: string | Uint8Array = Empty): Promise<boolean> {
	return connection.request(subject, data, { timeout: 2_000 }).then(
		() => false,
		(error: unknown) => error instanceof NatsError && /permissions violation/i.test(error.message),
	);
}

describe('a host', () => {
	it('pulls jobs of an endpoint that was placed on it, and acknowledges what it was given, once', async () => {
		await dispatch('honest');
		const message = await askFor(victim, 'host-b', (reply) => victim.publish(`pulls.host-b.ep1.${permitOfB}`, PULL, { reply }));
		expect(message.subject).toBe('jobs.ep1.normal');
		message.respond('+ACK');
		await victim.flush();
		await until(async () => (await jobs()) === 0 && (await unacked()) === 0, { what: 'the job is acknowledged' });
	});

	it('has a broker store its events', async () => {
		const event = { kind: 'started', id: 'honest', endpointId: 'ep1', epoch: 1, token: 'token-of-honest-0123456789', hostBoot: 'boot-host-b-1', workerId: 'w1', agoMs: 0 };
		const message = encodeFramed({ hostId: 'host-b', hostBoot: 'boot-host-b-1', batch: 1, events: [event] }, [], (text) => Buffer.from(text));
		expect((await victim.request('store.host-b', message, { timeout: 5_000 })).json()).toEqual({ stored: true });
	});
});

describe('with the credential of host A nobody', () => {
	it.each([
		// Takes, acknowledges, or answers for another host.
		'$JS.API.CONSUMER.MSG.NEXT.JOBS.ep-ep1',
		'$JS.API.CONSUMER.MSG.NEXT.EVENTS.relay',
		'$JS.ACK.JOBS.ep-ep1.1.1.1.1.0',
		'$JS.ACK.EVENTS.relay.1.1.1.1.0',
		'pulls.host-b.ep1.x',
		'reports.host-b',
		'store.host-b',
		'usage.host-b',
		'claims.host-b',
		'hosts.report.host-b',
		'events.host-a',
		'events.host-b',
		'_INBOX_host-b.x',
		// Speaks as a broker.
		'jobs.ep1.normal',
		'ctl.host-b',
		'verdicts.host-b',
		'logs.host-b',
		'hosts.ack.host-b',
		'hosts.roll-call',
		'brokers.grants',
		'$KV.fleet.leader',
		// Touches streams, consumers, accounts or the server.
		'$JS.API.INFO',
		'$JS.API.STREAM.NAMES',
		'$JS.API.STREAM.INFO.JOBS',
		'$JS.API.STREAM.CREATE.MINE',
		'$JS.API.STREAM.UPDATE.JOBS',
		'$JS.API.STREAM.DELETE.JOBS',
		'$JS.API.STREAM.PURGE.JOBS',
		'$JS.API.STREAM.MSG.GET.JOBS',
		'$JS.API.STREAM.MSG.DELETE.JOBS',
		'$JS.API.DIRECT.GET.KV_fleet',
		'$JS.API.CONSUMER.CREATE.JOBS',
		'$JS.API.CONSUMER.DURABLE.CREATE.JOBS.mine',
		'$JS.API.CONSUMER.NAMES.JOBS',
		'$JS.API.CONSUMER.INFO.JOBS.ep-ep1',
		'$JS.API.CONSUMER.DELETE.JOBS.ep-ep1',
		'$JS.API.ACCOUNT.PURGE.REGION',
		'$JS.API.SERVER.REMOVE',
		'$JS.API.META.LEADER.STEPDOWN',
		'$SYS.REQ.SERVER.PING',
		'$SYS.REQ.CLAIMS.UPDATE',
	])('may publish to %s', async (subject) => {
		expect(await isRefused(thief, subject, '{}')).toBe(true);
	});

	it.each([
		'>',
		'jobs.>',
		'events.>',
		'reports.>',
		'claims.>',
		'pulls.>',
		'ctl.host-b',
		'logs.host-b',
		'verdicts.host-b',
		'hosts.ack.host-b',
		'hosts.report.>',
		'brokers.>',
		'_INBOX.>',
		'_INBOX_host-b.>',
		'$JS.>',
		'$KV.>',
		'$SYS.>',
	])('may listen on %s', async (subject) => {
		const refused = new Promise<boolean>((resolve) => {
			thief.subscribe(subject, { callback: (error) => resolve(error !== null && /permissions violation/i.test(error.message)) });
		});
		await thief.flush();
		await thief.flush();
		expect(await Promise.race([refused, new Promise((resolve) => setTimeout(resolve, 5_000, 'the server said nothing'))])).toBe(true);
	});

	it('takes jobs of an endpoint that was not placed on A, also not with the permit of B', async () => {
		await dispatch('wanted');
		for (const permit of [permitOfB, 'none', 'A'.repeat(43)]) {
			const answer = await askFor(thief, 'host-a', (reply) => thief.publish(`pulls.host-a.ep1.${permit}`, PULL, { reply }));
			expect(answer.headers?.code).toBe(409);
		}
		expect(await jobs()).toBe(1);
	});

	it('acknowledges, gives back or throws away what B was given', async () => {
		const message = await askFor(victim, 'host-b', (reply) => victim.publish(`pulls.host-b.ep1.${permitOfB}`, PULL, { reply }));
		for (const word of ['+ACK', '-NAK', '+TERM', '+WPI']) expect(await isRefused(thief, message.reply ?? '', word)).toBe(true);
		expect([await jobs(), await unacked()]).toEqual([1, 1]);
		message.respond('+ACK');
		await until(async () => (await jobs()) === 0, { what: 'B acknowledges it' });
	});

	it('makes a broker or JetStream speak where A may not: answers go to its own inbox, or nowhere', async () => {
		await dispatch('kept');
		const [before, commands] = [await jobs(), commandsToB.length];
		const event = { kind: 'started', id: 'kept', endpointId: 'ep1', epoch: 1, token: 'token-of-kept-0123456789', hostBoot: 'boot-a', workerId: 'w1', agoMs: 0 };
		const events = encodeFramed({ hostId: 'host-a', hostBoot: 'boot-a', batch: 1, events: [event] }, [], (text) => Buffer.from(text));
		const claim = JSON.stringify({ claims: [{ id: 'kept', endpointId: 'ep1', epoch: 1, token: 'token-of-kept-0123456789', hostBoot: 'boot-a', workerId: 'w1' }] });
		for (const reply of ['$JS.API.STREAM.PURGE.JOBS', '$JS.API.STREAM.DELETE.JOBS', '$JS.API.CONSUMER.DELETE.JOBS.ep-ep1', 'ctl.host-b', 'jobs.ep1.normal', '_INBOX_host-b.x']) {
			thief.publish(`pulls.host-a.ep1.${permitOfB}`, PULL, { reply });
			thief.publish('store.host-a', events, { reply });
			thief.publish('reports.host-a', events, { reply });
			thief.publish('claims.host-a', claim, { reply });
			thief.publish('usage.host-a', '{}', { reply });
		}
		// An honest question behind them: when it is answered, the others have been dealt with.
		expect((await thief.request('store.host-a', events, { timeout: 5_000 })).json()).toEqual({ stored: true });
		expect(await jobs()).toBe(before);
		expect(await streams.consumers.info('JOBS', 'ep-ep1')).toHaveProperty('name', 'ep-ep1');
		expect(commandsToB.length).toBe(commands);
	});

	it('speaks for B under the name of A', async () => {
		const heard = (await world.broker.operator('hosts/host-b')) as { boot: string };
		const forged: Omit<HostReport, 'host'> & { host: object } = {
			n: 1,
			host: { id: 'host-b', boot: 'boot-of-a-thief', dataCenterId: 'EU-RO-1', gpuType: 'NVIDIA L4', gpus: 0, gpusFree: 0, cudaVersion: '12.8', models: [], draining: true },
			workers: [],
		};
		thief.publish('hosts.report.host-a', JSON.stringify(forged));
		const inBsName = encodeFramed(
			{
				hostId: 'host-b',
				hostBoot: 'boot-host-b-1',
				batch: 9,
				events: [{ kind: 'started', id: 'x', endpointId: 'ep1', epoch: 1, token: 'x'.repeat(20), hostBoot: 'boot-host-b-1', workerId: 'w1', agoMs: 0 }],
			},
			[],
			(text) => Buffer.from(text),
		);
		expect((await thief.request('store.host-a', inBsName, { timeout: 5_000 })).json()).toMatchObject({ stored: false });
		expect((await thief.request('reports.host-a', inBsName, { timeout: 5_000 })).json()).toEqual({ verdicts: null });
		expect(await world.broker.operator('hosts/host-b')).toMatchObject({ boot: heard.boot, draining: false });
	});

	it('pretends to be B towards a broker’s HTTP door', async () => {
		expect(await payloadStatus(a.hostToken)).not.toBe(401);
		const [, keyOfA = '', macOfA = ''] = a.hostToken.split('.');
		for (const token of [`host-b.${keyOfA}.${macOfA}`, `host-b.${b.publicKey}.${macOfA}`, `host-a.${keyOfA}.`, a.token, '']) expect(await payloadStatus(token)).toBe(401);
	});
});

describe('an enrolment token', () => {
	it('lets in one machine: the same one again, whose answer was lost, and no other', async () => {
		const { body } = await operator('host-c/enrol');
		const [first, second] = [createUser().getPublicKey(), createUser().getPublicKey()];
		const joined = await redeem(body['token'] ?? '', first);
		expect(joined.status).toBe(200);
		expect((await redeem(body['token'] ?? '', first)).body['hostToken']).toBe(joined.body['hostToken']);
		expect(await redeem(body['token'] ?? '', second)).toMatchObject({ status: 403, body: { error: expect.stringContaining('redeemed by another machine') } });
	});

	it('is refused when it is made up, damaged or shown with something that is no key', async () => {
		const key = createUser().getPublicKey();
		const { body } = await operator('host-c/enrol');
		expect((await redeem(`host-c.${'x'.repeat(32)}`, key)).status).toBe(403);
		expect((await redeem('../../x.y', key)).status).toBe(403);
		for (const odd of ['', 'U123', `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, identities.issuer.accountId])
			expect((await redeem(body['token'] ?? '', odd)).status).toBe(400);
	});

	it('is made by the operator only, for a time within bounds, for a name that is one', async () => {
		expect((await fetch(`${world.broker.url}/operator/v1/hosts/host-c/enrol`, { method: 'POST', headers: { authorization: `Bearer ${a.hostToken}` } })).status).toBe(401);
		expect(await operator('host-c/enrol', { expiresInS: 5 })).toMatchObject({ status: 400, body: { error: expect.stringContaining('expiresInS') } });
		expect((await operator('host%20c/enrol')).status).toBe(400);
	});
});

describe('a host that the operator revokes', () => {
	it('is cut off at once and does not get in again, by NATS or by HTTP; the others stay', async () => {
		const closed = thief.closed();
		expect(await operator('host-a/revoke')).toMatchObject({ status: 200, body: { hostId: 'host-a', revoked: true } });
		expect(String(await closed)).toMatch(/revoked|authorization/i);
		await expect(identities.asHost(world.nats.url, 'host-a', a, { maxReconnectAttempts: 0 })).rejects.toThrow(/authorization|revoked/i);
		expect(await payloadStatus(a.hostToken)).toBe(401);
		expect(victim.isClosed()).toBe(false);
		expect(await payloadStatus(b.hostToken)).not.toBe(401);
		expect((await operator('nobody/revoke')).status).toBe(404);
	});

	it('stays out when NATS starts again and for a broker that comes later', async () => {
		await world.nats.restart();
		const later = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b' });
		await expect(identities.asHost(world.nats.url, 'host-a', a, { maxReconnectAttempts: 0 })).rejects.toThrow(/authorization|revoked/i);
		await until(
			async () => {
				const headersOfA = { authorization: `Bearer ${a.hostToken}`, 'x-longshore-attempt': 'attempt-token-0123456789' };
				return (await fetch(`${later.url}/host/v1/payload/j1?epoch=1`, { headers: headersOfA })).status === 401;
			},
			{ what: 'the new broker refuses it too' },
		);
	});

	it('may be enrolled anew, with another key', async () => {
		const again = await join('host-a');
		const connection = await identities.asHost(world.nats.url, 'host-a', again);
		expect(await payloadStatus(again.hostToken)).not.toBe(401);
		await connection.close();
	});
});
