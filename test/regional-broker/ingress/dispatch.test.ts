import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DISPATCH_BATCH_JOBS_MAX } from '../../../shared-schema/src/limits.ts';
import { type DispatchAnswer, dispatchAnswer, REGION_PATHS } from '../../../shared-schema/src/wire/region.ts';
import { endpointConsumer, JOBS_STREAM } from '../../../shared-schema/src/wire/subjects.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import { dispatchOf, grantOf } from '../../support/start-broker.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let nats: NatsConnection;
beforeAll(async () => {
	world = await startBrokerWorld();
	nats = await connect({ servers: world.nats.url });
	await world.grant(grantOf('ep1'));
});
afterAll(async () => {
	await nats.close();
	await world.close();
});

async function dispatch(body: Uint8Array): Promise<DispatchAnswer['results']> {
	const { status, json } = await world.broker.call(REGION_PATHS.dispatch, body);
	expect(status).toBe(202);
	return dispatchAnswer.parse(json).results;
}

it('stores each job under its message id and lane, head and payload byte for byte', async () => {
	const { body, jobs, payloads } = dispatchOf('ep1', ['a1', 'a2']);
	const results = await dispatch(body);
	expect(results.map(({ id, outcome }) => [id, outcome])).toEqual([
		['a1', 'accepted'],
		['a2', 'accepted'],
	]);
	const manager = await nats.jetstreamManager();
	for (const [i, { seq = 0 }] of results.entries()) {
		const stored = await manager.streams.getMessage(JOBS_STREAM, { seq });
		const text = Buffer.from(stored.data).toString();
		expect(stored.subject).toBe('jobs.ep1.normal');
		expect(stored.header.get('Nats-Msg-Id')).toBe(`${jobs[i]?.id}.1`);
		expect(JSON.parse(text.slice(0, text.indexOf('\n')))).toEqual(jobs[i]);
		expect(text.slice(text.indexOf('\n') + 1)).toBe(payloads[i]?.toString());
	}
});

it('puts low priority into its own lane and leaves a payload by pointer empty', async () => {
	const { jobs } = dispatchOf('ep1', ['b1'], { lowPriority: true, inline: false, payloadBytes: 900_000 });
	const [result] = await dispatch(Buffer.from(`${JSON.stringify({ jobs })}\n`));
	const stored = await (await nats.jetstreamManager()).streams.getMessage(JOBS_STREAM, { seq: result?.seq ?? 0 });
	expect(stored.subject).toBe('jobs.ep1.low');
	expect(Buffer.from(stored.data).toString().endsWith('}\n')).toBe(true);
});

it('accepts the same epoch again with the same sequence and stores it once', async () => {
	const { body } = dispatchOf('ep1', ['c1']);
	const [first] = await dispatch(body);
	const [second] = await dispatch(body);
	expect(second).toEqual(first);
});

it('refuses a job of an endpoint that it holds no grant for, and takes the others', async () => {
	const mine = dispatchOf('ep1', ['d1']);
	const other = dispatchOf('elsewhere', ['d2']);
	const body = Buffer.concat([Buffer.from(`${JSON.stringify({ jobs: [...other.jobs, ...mine.jobs] })}\n`), ...other.payloads, ...mine.payloads]);
	expect(await dispatch(body)).toMatchObject([
		{ id: 'd2', outcome: 'refused', reason: 'endpoint not granted to this region' },
		{ id: 'd1', outcome: 'accepted' },
	]);
});

it('takes a full batch', async () => {
	const ids = Array.from({ length: DISPATCH_BATCH_JOBS_MAX }, (_, i) => `full-${i}`);
	const results = await dispatch(dispatchOf('ep1', ids).body);
	expect(results.map(({ id }) => id)).toEqual(ids);
	expect(new Set(results.map(({ seq }) => seq)).size).toBe(ids.length);
});

it('answers 400 and stores nothing when frames and head disagree', async () => {
	const { body } = dispatchOf('ep1', ['e1']);
	expect((await world.broker.call(REGION_PATHS.dispatch, body.subarray(0, body.length - 1))).status).toBe(400);
});

it('has the endpoint’s consumer before the first publish, and takes consumer and messages away with the endpoint', async () => {
	const manager = await nats.jetstreamManager();
	await world.broker.call(REGION_PATHS.endpoints, { endpoints: [grantOf('ep2')], removed: [] });
	world.grants.set('ep2', grantOf('ep2'));
	await dispatch(dispatchOf('ep2', ['f1']).body);
	const { config } = await manager.consumers.info(JOBS_STREAM, endpointConsumer('ep2'));
	expect(config).toMatchObject({ filter_subject: 'jobs.ep2.>', ack_policy: 'explicit', max_deliver: -1 });
	expect(config.inactive_threshold).toBeUndefined();

	world.grants.delete('ep2');
	await world.broker.call(REGION_PATHS.endpoints, { endpoints: [], removed: ['ep2'] });
	await until(
		() =>
			manager.consumers.info(JOBS_STREAM, endpointConsumer('ep2')).then(
				() => false,
				() => true,
			),
		{ what: 'the consumer is gone' },
	);
	await until(async () => Object.keys((await manager.streams.info(JOBS_STREAM, { subjects_filter: 'jobs.ep2.>' })).state.subjects ?? {}).length === 0, {
		what: 'its messages are gone',
	});
	expect(await dispatch(dispatchOf('ep2', ['f2']).body)).toMatchObject([{ outcome: 'refused' }]);
});

it('calls a full stream a refusal: the job is surely not stored', async () => {
	const manager = await nats.jetstreamManager();
	const { config } = await manager.streams.info(JOBS_STREAM);
	await manager.streams.update(JOBS_STREAM, { ...config, max_msgs: 1 });
	expect(await dispatch(dispatchOf('ep1', ['g1']).body)).toMatchObject([{ id: 'g1', outcome: 'refused', reason: expect.stringContaining('maximum messages') }]);
	await manager.streams.update(JOBS_STREAM, config);
});
