/** Workers on RunPod's own Python SDK, unmodified, against the real agent on a real nats-server. */
import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ensurePython } from '../../support/python.ts';
import { until } from '../../support/wait.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { type Region, spec, startRegion } from '../support/region.ts';

const DIRECTORY = resolve(import.meta.dirname, '../support/python');

/** Where CI asks for it, an SDK that cannot be had is a failure; elsewhere it is said. */
const python = await ensurePython().catch((error: Error) => {
	if (process.env['CI'] !== undefined) throw error;
	process.stdout.write(`not run: RunPod's Python SDK (${error.message})\n`);
	return null;
});

describe.skipIf(python === null)('RunPod’s Python SDK', () => {
	let region: Region;
	let agent: AgentProcess;
	const command = [python ?? '', '-u', 'handler.py'];

	test('starts all its workers and they become idle', { timeout: 90_000 }, async () => {
		region = await startRegion();
		agent = await startAgentProcess(region, { LONGSHORE_KILL_GRACE_MS: '3000', LONGSHORE_DECLARED_GPUS: JSON.stringify({ gpuType: 'NVIDIA L40S', count: 4 }) });
		for (const mode of ['sync', 'async', 'generator']) {
			await region.addEndpoint(mode);
			expect(await region.startWorker(`w-${mode}`, { image: `process://${DIRECTORY}`, command, env: { MODE: mode, RUNPOD_DEBUG_LEVEL: 'DEBUG' } }, mode)).toEqual({ ok: true });
		}
		for (const mode of ['sync', 'async', 'generator'])
			await until(() => region.worker(`w-${mode}`)?.room !== 0 && region.worker(`w-${mode}`)?.phase === 'idle', { what: `${mode} worker idle`, timeoutMs: 60_000 });
	});
	afterAll(async () => {
		await agent?.stop();
		await region?.stop();
	}, 60_000);

	test('a synchronous handler returns its output', async () => {
		await region.send({ id: 's1', endpointId: 'sync' }, { text: 'žluť 🦄', empty: false });
		expect(JSON.parse((await region.result('s1')).frame ?? '')).toEqual({ id: 's1', got: { text: 'žluť 🦄', empty: false } });
	});

	test('a worker that was frozen asks for work as soon as it goes on, and has the job that waited', async () => {
		const order = { workerId: 'w-sync', endpointId: 'sync', version: 1 };
		expect(await region.command({ op: 'stop-worker', workerId: 'w-sync', freeze: true })).toEqual({ ok: true });
		await until(() => region.reports.at(-1)?.frozen?.some(({ id }) => id === 'w-sync'), { what: 'frozen' });
		await region.send({ id: 'thawed', endpointId: 'sync' }, { text: 'still here', empty: false });
		const what = spec({ image: `process://${DIRECTORY}`, command, env: { MODE: 'sync', RUNPOD_DEBUG_LEVEL: 'DEBUG' } });
		expect(await region.command({ op: 'start-worker', ...order, spec: what, thaw: true })).toEqual({ ok: true });
		expect((await region.result('thawed')).event).toMatchObject({ workerId: 'w-sync' });
		await until(() => region.worker('w-sync')?.start?.kind === 'frozen', { what: 'it is the same worker' });
		expect(region.reports.at(-1)?.starts).toMatchObject({ thawsFailed: 0 });
	}, 60_000);

	test('a handler that raises fails the job with the traceback', async () => {
		await region.send({ id: 's2', endpointId: 'sync' }, { fail: true });
		expect(JSON.parse((await region.result('s2')).event.error ?? '')).toMatchObject({ error_message: 'no such model', worker_id: 'w-sync' });
	});

	test('a handler that returns {} completes without output', async () => {
		await region.send({ id: 's3', endpointId: 'sync' }, { empty: true });
		const { event, frame } = await region.result('s3');
		expect([event.error, frame]).toEqual([undefined, null]);
	});

	test('a handler that returns an error fails the job and keeps the rest', async () => {
		await region.send({ id: 's4', endpointId: 'sync' }, { error: true });
		const { event, frame } = await region.result('s4');
		expect([event.error, frame]).toEqual(['told so', '{"kept": 1}']);
	});

	test('the empty input arrives as such', async () => {
		await region.send({ id: 's5', endpointId: 'sync' }, {});
		expect(JSON.parse((await region.result('s5')).frame ?? '')).toEqual({ id: 's5', got: {} });
	});

	test('progress comes on its way', async () => {
		await region.send({ id: 's6', endpointId: 'sync' }, { progress: true });
		await region.result('s6');
		expect(region.events.find(({ event }) => event.kind === 'progress')).toMatchObject({ event: { id: 's6' }, frame: '"half way"' });
	});

	test('concurrency 4 takes batches and runs jobs side by side', async () => {
		const ids = ['a1', 'a2', 'a3', 'a4'];
		await Promise.all(ids.map((id) => region.send({ id, endpointId: 'async' }, { sleep: 2 })));
		await until(() => region.worker('w-async')?.jobs.length === 4, { what: 'four at a time' });
		for (const id of ids) await region.result(id);
	});

	test('a job is stopped by the stop channel, and its worker lives on', async () => {
		await region.send({ id: 'a5', endpointId: 'async' }, { sleep: 60 });
		await until(() => region.events.some(({ event }) => event.kind === 'started' && event.id === 'a5'), { what: 'started' });
		await region.command({ op: 'stop-jobs', jobs: [{ id: 'a5', epoch: 1 }] });
		await region.send({ id: 'a6', endpointId: 'async' }, { sleep: 0 });
		await region.result('a6');
		await until(() => region.worker('w-async')?.phase === 'idle', { what: 'idle again' });
	});

	test('a generator streams its chunks and returns them together', async () => {
		await region.send({ id: 'g1', endpointId: 'generator' }, { count: 3 });
		expect(JSON.parse((await region.result('g1')).frame ?? '')).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
		const chunks = region.events.filter(({ event }) => event.id === 'g1' && event.kind === 'chunk').map(({ frame }) => frame);
		expect(chunks).toEqual(['{"n": 0}', '{"n": 1}', '{"n": 2}']);
	});

	test('drained workers end by themselves, with code 0', async () => {
		for (const mode of ['sync', 'async', 'generator']) await region.command({ op: 'stop-worker', workerId: `w-${mode}` });
		await until(() => region.reports.at(-1)?.workers.length === 0, { what: 'workers gone', timeoutMs: 20_000 });
		const exits = region.reports.flatMap((report) => report.workers.filter((worker) => worker.phase === 'exited').map((worker) => worker.exitCode));
		expect(exits).toEqual([0, 0, 0]);
	});
});
