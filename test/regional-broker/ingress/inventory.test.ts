import { connect } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dispatchAnswer, inventoryAnswer, REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { endpointConsumer, JOBS_STREAM } from '../../../shared-schema/src/wire/subjects.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { dispatchOf, grantOf, type TestBroker } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let host: HostStandIn;
beforeAll(async () => {
	world = await startBrokerWorld();
	await world.grant(grantOf('ep1', { workersMax: 0 }));
	host = await world.host('h1');
});
afterAll(() => world.close());

async function states(jobs: readonly { id: string; seq: number; hostBoot?: string }[], broker: TestBroker = world.broker): Promise<(string | undefined)[]> {
	const { status, json } = await broker.call(REGION_PATHS.inventory, { jobs: jobs.map((job) => ({ ...job, endpointId: 'ep1', epoch: 1 })) });
	expect(status).toBe(200);
	return inventoryAnswer.parse(json).results.map(({ state }) => state);
}
async function dispatch(id: string): Promise<number> {
	const { json } = await world.broker.call(REGION_PATHS.dispatch, dispatchOf('ep1', [id]).body);
	return dispatchAnswer.parse(json).results[0]?.seq ?? 0;
}

it('follows an attempt from the stream to a host to nowhere', async () => {
	const nats = await connect({ servers: world.nats.url });
	const seq = await dispatch('i1');
	expect(await states([{ id: 'i1', seq }])).toEqual(['queued']);

	const message = await nats.jetstream().pull(JOBS_STREAM, endpointConsumer('ep1'), 2_000);
	expect(await states([{ id: 'i1', seq }])).toEqual(['queued']);

	// The host has it and does not report by itself: the broker must ask before it believes in absence.
	host.workers = [{ id: 'w1', endpointId: 'ep1', version: 1, phase: 'running', gpus: [0], jobs: ['i1.1'], room: 0, startedAgoMs: 1, idleMs: 0 }];
	await message.ackAck();
	await until(async () => (await states([{ id: 'i1', seq }]))[0] === 'running', { what: 'the attempt is on the host' });

	host.workers = [];
	host.report();
	await until(async () => (await states([{ id: 'i1', seq }]))[0] === 'gone', { what: 'the attempt is provably nowhere' });
	await nats.close();
});

it('does not know where an attempt is whose sequence the edge never learned', async () => {
	expect(await states([{ id: 'never', seq: 0 }])).toEqual(['unsure']);
});

it('keeps order and mixes states in one batch', async () => {
	const seq = await dispatch('i2');
	expect(
		await states([
			{ id: 'x', seq: 0 },
			{ id: 'i2', seq },
			{ id: 'y', seq: 999_999 },
		]),
	).toEqual(['unsure', 'queued', 'gone']);
});

it('asks the host that started an attempt whether it still has it, whatever the stream and its reports say', async () => {
	const hostBoot = host.boot;
	await until(async () => (await states([{ id: 'y', seq: 999_999 }]))[0] === 'gone', { what: 'the host is heard' });
	host.reply = (command) => (command.op === 'held' ? { ok: true, held: command.jobs.map(({ id }) => id === 'r1') } : { ok: true });
	expect(
		await states([
			{ id: 'r2', seq: 0, hostBoot },
			{ id: 'y', seq: 999_999 },
			{ id: 'r1', seq: 0, hostBoot },
		]),
	).toEqual(['forgotten', 'gone', 'running']);
	expect(host.commands.filter(({ op }) => op === 'held')).toEqual([
		{
			op: 'held',
			hostBoot,
			jobs: [
				{ id: 'r2', epoch: 1 },
				{ id: 'r1', epoch: 1 },
			],
		},
	]);
	host.reply = () => ({ ok: false, error: 'no such command' });
	expect(await states([{ id: 'r1', seq: 0, hostBoot }])).toEqual(['unsure']);
	host.reply = () => ({ ok: true });
	expect(await states([{ id: 'r1', seq: 0, hostBoot }])).toEqual(['unsure']);
});

it('counts an attempt of a boot that is not here as forgotten only when every live host must have spoken up', async () => {
	const young = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-young', LONGSHORE_HOST_LEASE_MS: '60000' });
	const job = { id: 'r3', seq: 0, hostBoot: 'boot-of-nobody' };
	expect(await states([job], young)).toEqual(['unsure']);
	await until(async () => (await states([job]))[0] === 'forgotten', { what: 'no live host has that boot' });
	await young.stop();
});

it('is unsure while a host does not answer the roll call', async () => {
	host.answersRollCall = false;
	expect(await states([{ id: 'y', seq: 999_999 }])).toEqual(['unsure']);
	host.answersRollCall = true;
	await until(async () => (await states([{ id: 'y', seq: 999_999 }]))[0] === 'gone', { what: 'gone again' });
});

it('is unsure after a restart until every host of before has reported or is given up', async () => {
	host.answersRollCall = false;
	const second = await world.replica({ LONGSHORE_BROKER_ID: 'eu-1-b', LONGSHORE_HOST_LEASE_MS: '2000' });
	expect(await states([{ id: 'y', seq: 999_999 }], second)).toEqual(['unsure']);
	host.answersRollCall = true;
	host.report();
	await until(async () => (await states([{ id: 'y', seq: 999_999 }], second))[0] === 'gone', { what: 'the new broker is sure' });
});

it('is unsure while NATS is away', async () => {
	const seq = await dispatch('i3');
	await world.nats.kill();
	await until(async () => (await states([{ id: 'i3', seq }]))[0] === 'unsure', { what: 'unsure' });
	await world.nats.restart();
	await until(async () => (await states([{ id: 'i3', seq }]))[0] === 'queued', { what: 'queued again' });
});
