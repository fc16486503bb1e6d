/** The agent end to end: a real process against a real nats-server, with workers on our own SDK as real processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { INLINE_OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { isAlive } from '../support/is-alive.ts';
import { type Region, startRegion } from '../support/region.ts';

const WORKER = resolve(import.meta.dirname, '../support/echo-worker.ts');
const command = [process.execPath, WORKER];

let region: Region;
let agent: AgentProcess;
let workers = 0;

beforeAll(async () => {
	region = await startRegion();
	await region.addEndpoint('ep1');
	agent = await startAgentProcess(region);
}, 60_000);
afterAll(async () => {
	await agent?.stop();
	await region?.stop();
}, 60_000);
afterEach(async () => {
	region.decide = () => 'accepted';
	for (const worker of region.reports.at(-1)?.workers ?? []) await region.command({ op: 'stop-worker', workerId: worker.id });
	await until(() => region.reports.at(-1)?.workers.length === 0, { what: 'workers gone' });
	region.events.length = 0;
});

/** Starts a worker and returns its id. */
async function worker(env: Record<string, string> = {}): Promise<string> {
	const id = `w${++workers}`;
	expect(await region.startWorker(id, { command, env })).toEqual({ ok: true });
	return id;
}

describe('a job', () => {
	test('runs and comes back as a result; its message is acknowledged', async () => {
		const workerId = await worker();
		await region.send({ id: 'j1' }, { a: 1 });
		const { event, frame } = await region.result('j1');
		expect(event).toMatchObject({ workerId, epoch: 1, token: 'token-of-16-chars' });
		expect(JSON.parse(frame ?? '')).toEqual({ id: 'j1', echo: { a: 1 } });
		await until(async () => (await region.queued()) === 0, { what: 'message acknowledged' });
	});

	test('that fails brings its error, one without output none', async () => {
		await worker({ CONCURRENCY: '2' });
		await region.send({ id: 'fails' }, { fail: 'no such model' });
		await region.send({ id: 'silent' }, { noOutput: true });
		expect((await region.result('fails')).event.error).toContain('no such model');
		const { event, frame } = await region.result('silent');
		expect([event.error, frame]).toEqual([undefined, null]);
	});

	test('streams chunks and progress in order, before its result', async () => {
		await worker();
		await region.send({ id: 'chunky' }, { chunks: 5, progress: true });
		await region.result('chunky');
		const seen = region.events.filter(({ event }) => event.id === 'chunky' && event.kind !== 'started').map(({ event, frame }) => [event.kind, frame]);
		expect(seen).toEqual([['progress', '{"half":true}'], ...[0, 1, 2, 3, 4].map((n) => ['chunk', `{"n":${n}}`]), ['result', '[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}]']]);
	});

	test('with a large payload is fetched, with a large output is uploaded, over a broken road too', async () => {
		await worker();
		region.uploadStatuses.push(503);
		await region.send({ id: 'big', inline: false }, { bytes: INLINE_OUTPUT_BYTES_MAX, padding: 'x'.repeat(100_000) });
		const { event } = await region.result('big');
		expect(event.uploadedBytes).toBe(INLINE_OUTPUT_BYTES_MAX + 2);
		expect(region.outputs.get('big')).toBe(JSON.stringify('x'.repeat(INLINE_OUTPUT_BYTES_MAX)));
	});

	test('is lost with its worker, and the reason has the exit code and the last words', async () => {
		const workerId = await worker();
		await region.send({ id: 'crash' }, { crash: true });
		const lost = await until(() => region.events.find(({ event }) => event.kind === 'lost'), { what: 'lost' });
		expect(lost.event).toMatchObject({ id: 'crash', workerId, reason: expect.stringMatching(/code 7.*last words/s) });
	});

	test('is stopped by command; a handler that does not listen costs its worker', async () => {
		await worker();
		await region.send({ id: 'polite' }, { sleepMs: 60_000 });
		await until(() => region.events.some(({ event }) => event.kind === 'started'), { what: 'started' });
		await region.command({ op: 'stop-jobs', jobs: [{ id: 'polite', epoch: 1 }] });
		await region.send({ id: 'next' }, {});
		await region.result('next');
		await region.send({ id: 'stubborn' }, { stubborn: true });
		await until(() => region.events.some(({ event }) => event.kind === 'started' && event.id === 'stubborn'), { what: 'started' });
		await region.command({ op: 'stop-jobs', jobs: [{ id: 'stubborn', epoch: 1 }] });
		await until(() => region.reports.at(-1)?.workers.length === 0, { what: 'worker ended' });
	});

	test('sees the platform’s variables and none of the agent’s', async () => {
		const workerId = await worker({ MODEL: 'x' });
		await region.send({ id: 'env' }, { env: ['RUNPOD_POD_ID', 'RUNPOD_ENDPOINT_ID', 'MODEL', 'LONGSHORE_HOST_TOKEN', 'CUDA_VISIBLE_DEVICES'] });
		expect(JSON.parse((await region.result('env')).frame ?? '')).toEqual({
			RUNPOD_POD_ID: workerId,
			RUNPOD_ENDPOINT_ID: 'ep1',
			MODEL: 'x',
			LONGSHORE_HOST_TOKEN: null,
			CUDA_VISIBLE_DEVICES: '0',
		});
	});
});

test('many jobs, many at a time, each exactly once', async () => {
	await worker({ CONCURRENCY: '16' });
	await worker({ CONCURRENCY: '16' });
	const ids = Array.from({ length: 400 }, (_, n) => `many-${n}`);
	await Promise.all(ids.map((id) => region.send({ id }, { id })));
	await until(() => region.events.filter(({ event }) => event.kind === 'result').length >= ids.length, { what: 'all results' });
	const results = region.events.filter(({ event }) => event.kind === 'result').map(({ event }) => event.id);
	expect(results.sort()).toEqual([...ids].sort());
	expect(new Set(region.events.map(({ event }) => event.workerId)).size).toBe(2);
	expect(await region.queued()).toBe(0);
});

test('jobs sent before their endpoint’s consumer exists run once it does', async () => {
	const id = `w${++workers}`;
	await region.startWorker(id, { command }, 'late');
	await until(() => region.worker(id)?.room === 1, { what: 'take open' });
	await region.send({ id: 'early', endpointId: 'late' }, {});
	await region.addEndpoint('late');
	await region.result('early');
});

describe('trouble', () => {
	test('NATS dies and comes back: what was running is reported, new jobs run', async () => {
		await worker();
		await region.send({ id: 'before' }, { sleepMs: 300 });
		await until(() => region.events.some(({ event }) => event.kind === 'started'), { what: 'started' });
		await region.killNats();
		await region.startNats();
		await region.result('before');
		await until(
			async () => {
				await region.send({ id: 'after' }, {}).catch(() => {});
				return (await region.queued().catch(() => 1)) === 0 || region.events.some(({ event }) => event.id === 'after');
			},
			{ what: 'sent after the restart' },
		);
		await region.result('after');
	});

	test('the agent is killed before the verdict: its successor sends the result again, under the boot that ran it, and ends the workers', async () => {
		const workerId = await worker();
		region.decide = ({ event }) => (event.kind === 'result' ? null : 'accepted');
		await region.send({ id: 'kept' }, {});
		const first = await region.result('kept');
		const workerPid = (JSON.parse(readFileSync(join(agent.stateDir, 'workers', workerId, 'process.json'), 'utf8')) as { pid: number }).pid;
		await agent.kill();
		region.events.length = 0;
		region.decide = () => 'accepted';
		const port = readFileSync(join(agent.stateDir, 'bridge-port'), 'utf8');
		await agent.start();
		const again = await region.result('kept');
		expect(again.senderBoot).not.toBe(first.senderBoot);
		expect(again.event).toMatchObject({ hostBoot: first.senderBoot, workerId });
		expect(again.frame).toBe(first.frame);
		expect(isAlive(workerPid)).toBe(false);
		expect(readdirSync(join(agent.stateDir, 'workers'))).toEqual([]);
		expect(readFileSync(join(agent.stateDir, 'bridge-port'), 'utf8')).toBe(port);
	});

	test('SIGTERM lets the running job finish and report, then exits with 0', async () => {
		await worker();
		await region.send({ id: 'last' }, { sleepMs: 500 });
		await until(() => region.events.some(({ event }) => event.kind === 'started'), { what: 'started' });
		expect(await agent.terminate()).toBe(0);
		expect(region.events.some(({ event }) => event.kind === 'result' && event.id === 'last')).toBe(true);
		await agent.start();
	});

	test('no secret is in the log', () => {
		expect(agent.log()).not.toMatch(/host-token-of-the-tests|pass-of-the-tests/);
	});
});
