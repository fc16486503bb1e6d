import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dispatchAnswer, REGION_PATHS, revokeAnswer } from '../../../shared-schema/src/wire/region.ts';
import { endpointConsumer, JOBS_STREAM } from '../../../shared-schema/src/wire/subjects.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { dispatchOf, grantOf } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let nats: NatsConnection;
let host: HostStandIn;
beforeAll(async () => {
	world = await startBrokerWorld();
	nats = await connect({ servers: world.nats.url });
	await world.grant(grantOf('ep1', { workersMax: 0 }));
	host = await world.host('h1');
	host.workers = [{ id: 'w1', endpointId: 'ep1', version: 1, phase: 'running', gpus: [0], jobs: ['held.3'], room: 0, startedAgoMs: 1, idleMs: 0 }];
	host.report();
	await until(async () => JSON.stringify(await world.broker.operator('workers')).includes('held.3'), { what: 'the broker knows the holder' });
});
afterAll(async () => {
	await nats.close();
	await world.close();
});

async function dispatch(id: string): Promise<number> {
	const { json } = await world.broker.call(REGION_PATHS.dispatch, dispatchOf('ep1', [id]).body);
	return dispatchAnswer.parse(json).results[0]?.seq ?? 0;
}
async function revoke(id: string, epoch: number, seq: number): Promise<string | undefined> {
	const { json } = await world.broker.call(REGION_PATHS.revoke, { jobs: [{ id, endpointId: 'ep1', epoch, seq }] });
	return revokeAnswer.parse(json).results[0]?.outcome;
}
const stopped = (): string[] => host.commands.flatMap((command) => (command.op === 'stop-jobs' ? command.jobs.map(({ id, epoch }) => `${id}.${epoch}`) : []));
const take = async (): Promise<string> => {
	const message = await nats.jetstream().pull(JOBS_STREAM, endpointConsumer('ep1'), 2_000);
	return message.headers?.get('Nats-Msg-Id') ?? '';
};

it('takes an attempt out of the stream before any host had it', async () => {
	const seq = await dispatch('r1');
	expect(await revoke('r1', 1, seq)).toBe('revoked');
	await dispatch('r2');
	expect(await take()).toBe('r2.1');
	expect(stopped()).not.toContain('r1.1');
});

it('leaves a message alone whose sequence now belongs to another attempt', async () => {
	const seq = await dispatch('r3');
	expect(await revoke('other', 1, seq)).toBe('signalled');
	expect(await take()).toBe('r3.1');
});

it('tells the hosts when one may have it already', async () => {
	const seq = await dispatch('r4');
	expect(await take()).toBe('r4.1');
	expect(await revoke('r4', 1, seq)).toBe('signalled');
	await until(() => stopped().includes('r4.1'), { what: 'stop-jobs names r4.1' });
});

it('tells the host that holds it', async () => {
	expect(await revoke('held', 3, 1)).toBe('signalled');
	await until(() => stopped().includes('held.3'), { what: 'stop-jobs names held.3' });
});

it('asked for untaken ones only, takes those back that no host can have seen, and leaves the others alone', async () => {
	const taken = await dispatch('u1');
	expect(await take()).toBe('u1.1');
	const waits = await dispatch('u2');
	const jobs = [
		{ id: 'u1', endpointId: 'ep1', epoch: 1, seq: taken },
		{ id: 'u2', endpointId: 'ep1', epoch: 1, seq: waits },
		{ id: 'held', endpointId: 'ep1', epoch: 3, seq: 1 },
	];
	const { json } = await world.broker.call(REGION_PATHS.revoke, { jobs, untaken: true });
	expect(revokeAnswer.parse(json).results.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(['u1 taken', 'u2 revoked', 'held taken']);
	// What comes after an order to stop would have come after it too.
	expect(await revoke('r-last', 1, 0)).toBe('revoked');
	await dispatch('u3');
	expect(await take()).toBe('u3.1');
	expect(stopped().filter((key) => key === 'u1.1')).toEqual([]);
});

it('finds an attempt whose sequence the edge never learned', async () => {
	await dispatch('r5');
	expect(await revoke('r5', 1, 0)).toBe('revoked');
	await dispatch('r6');
	expect(await take()).toBe('r6.1');
});

it('keeps an attempt that never arrived from arriving late', async () => {
	expect(await revoke('late', 1, 0)).toBe('revoked');
	await dispatch('late');
	await dispatch('r7');
	expect(await take()).toBe('r7.1');
});
