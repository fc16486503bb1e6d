/** The written configuration on a real nats-server: whose signature counts, and what the store shows. What hosts may do: test/contract/host-credentials.test.ts. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeNatsKeys, toolCredentials } from '../../../infra/local/nats-keys.ts';
import { filesHolding } from '../../support/files-holding.ts';
import { connectToRegion, natsIdentities } from '../../support/nats-identities.ts';
import { startNats, type TestNats } from '../../support/start-nats.ts';

const identities = natsIdentities();
let home: string;
let nats: TestNats;
let broker: NatsConnection;

beforeAll(async () => {
	home = mkdtempSync(join(tmpdir(), 'nats-config-'));
	nats = await startNats({ identities });
	broker = await identities.asBroker(nats.url);
	await (await broker.jetstreamManager()).streams.add({ name: 'EVENTS', subjects: ['events.>'] });
});

afterAll(async () => {
	await broker?.close();
	await nats?.stop();
	rmSync(home, { recursive: true, force: true });
});

test('the store holds no message in the clear', async () => {
	const canary = `canary-${crypto.randomUUID()}`;
	const jetstream = broker.jetstream();
	for (let i = 0; i < 20; i++) await jetstream.publish('events.host-a', canary);
	const stored = await (await broker.jetstreamManager()).streams.getMessage('EVENTS', { last_by_subj: 'events.host-a' });
	expect(stored.string()).toBe(canary);
	const written = readdirSync(nats.storeDir, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.blk'));
	expect(written.reduce((sum, path) => sum + statSync(join(nats.storeDir, path)).size, 0)).toBeGreaterThan(20 * canary.length);
	expect(filesHolding(nats.storeDir, canary)).toEqual([]);
});

describe('nobody gets in', () => {
	test('without a token', async () => {
		await expect(connect({ servers: nats.url, maxReconnectAttempts: 0 })).rejects.toThrow(/Authorization/i);
	});

	test('with a token that another region has signed', async () => {
		const natsCredentials = join(home, 'other.creds');
		writeFileSync(natsCredentials, toolCredentials(makeNatsKeys('other'), 'tools'));
		await expect(connectToRegion({ natsUrl: nats.url, natsCredentials })).rejects.toThrow(/Authorization/i);
	});

	test('with the token of a host and the key of another', async () => {
		const [a, b] = [identities.host('host-a'), identities.host('host-b')];
		await expect(identities.asHost(nats.url, 'host-a', { ...a, seed: b.seed }, { maxReconnectAttempts: 0 })).rejects.toThrow(/Authorization/i);
	});
});

describe('the broker', () => {
	test.each(['$JS.API.ACCOUNT.PURGE.REGION', '$JS.API.SERVER.REMOVE', '$JS.API.META.LEADER.STEPDOWN'])('may not publish to %s', async (subject) => {
		await expect(broker.request(subject, '{}', { timeout: 2_000 })).rejects.toThrow(/permission/i);
	});
});
