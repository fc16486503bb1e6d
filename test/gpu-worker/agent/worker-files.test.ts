/** Workers that start with a model: what they are given, what their region hears meanwhile, and what is billed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { openModelCache } from '../../../gpu-worker/src/models/model-cache.ts';
import { type ModelMirror, someBytes, startModelMirror } from '../../support/model-mirror.ts';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

const WEIGHTS = someBytes(300_000, 1);
let home: string;
let mirror: ModelMirror;
let rig: Rig;
beforeEach(async () => {
	home = mkdtempSync(join(tmpdir(), 'longshore-worker-files-'));
	mirror = await startModelMirror();
	mirror.put({ repo: 'org/name', files: { weights: WEIGHTS } });
	const log = createLog(() => {}, {});
	const models = openModelCache({ directory: join(home, 'models'), address: mirror.url, budgetBytes: 400_000, retryMs: 5, log, now: Date.now });
	rig = await startRig({ models, timers: { usageReportMs: 30, hostReportMs: 50 } });
});
afterEach(async () => {
	await rig.stop();
	await mirror.stop();
	rmSync(home, { recursive: true, force: true });
});

const reportOf = (id: string) => rig.reports.at(-1)?.workers.find((worker) => worker.id === id);
const usageOf = (id: string) =>
	rig.usage
		.flatMap(({ workers }) => workers)
		.filter((worker) => worker.id === id)
		.at(-1);

test('a worker waits for its model, which its region sees and nobody pays for; then its time begins', async () => {
	const release = mirror.hold();
	await rig.startWorker('w1', { model: 'org/name', gpuCount: 1 });
	const downloads = () => rig.reports.at(-1)?.host.modelCache?.downloads ?? [];
	await until(() => reportOf('w1')?.preparing !== undefined && downloads().length > 0, { what: 'the report says what it waits for' });
	expect(reportOf('w1')).toMatchObject({ phase: 'initializing', gpus: [0] });
	expect(downloads()).toEqual([{ model: 'org/name', bytes: 0, totalBytes: 300_000 }]);
	const told = rig.usage.length;
	await until(() => rig.usage.length > told + 3, { what: 'reports of usage while it waits' });
	expect(usageOf('w1')).toMatchObject({ startingMs: 0, runningMs: 0, idleMs: 0, ended: false });
	release();
	await until(() => rig.processes.has('w1') && reportOf('w1')?.preparing === undefined, { what: 'the worker runs' });
	await until(() => (usageOf('w1')?.startingMs ?? 0) > 0, { what: 'its time counts' });
	expect(rig.reports.at(-1)?.host).toMatchObject({ models: expect.arrayContaining(['org/name']), modelCache: { usedBytes: 300_000, budgetBytes: 400_000, downloads: [] } });
});

test('a download that fails late is a worker that could not be started, with the reason and without a bill', async () => {
	mirror.lies.set('weights', someBytes(300_000, 2));
	const release = mirror.hold();
	await rig.startWorker('w1', { model: 'org/name' });
	release();
	const end = await until(() => rig.reports.flatMap(({ workers }) => workers).find(({ id, phase }) => id === 'w1' && phase === 'exited'), { what: 'the end is reported' });
	expect(end).toMatchObject({ exitCode: null, exitCause: expect.stringMatching(/^could not be started: model org\/name: weights does not match its checksum \(sha256 /) });
	await until(() => usageOf('w1')?.ended === true, { what: 'its last figures' });
	expect(usageOf('w1')).toMatchObject({ startingMs: 0, runningMs: 0, idleMs: 0 });
	expect(rig.processes.size).toBe(0);
});

/** Runs by now, however long its model took. */
async function started(id: string, more: Parameters<Rig['startWorker']>[1]): Promise<void> {
	await rig.startWorker(id, more);
	await until(() => rig.processes.has(id), { what: `${id} runs` });
}

/** Why it could not be started: said at once, or on a slow machine as its end. */
async function refusal(id: string, more: Parameters<Rig['startWorker']>[1]): Promise<string> {
	const said = await rig.startWorker(id, more).then(
		() => null,
		(error: Error) => error.message,
	);
	const ended = () => rig.reports.flatMap(({ workers }) => workers).find((worker) => worker.id === id && worker.phase === 'exited')?.exitCause;
	return said ?? (await until(ended, { what: `the end of ${id}` }));
}

test('one that fails at once refuses the start in words', async () => {
	expect(await refusal('w1', { model: 'org/none' })).toContain('model org/none: the hub has no such model or revision: check the name; a private one needs HF_TOKEN');
	expect(rig.processes.size).toBe(0);
});

test('the endpoint’s HF_TOKEN opens what is not for everybody', async () => {
	mirror.put({ repo: 'org/private', files: { weights: WEIGHTS }, token: 'hf_right' });
	expect(await refusal('w1', { model: 'org/private' })).toContain('gives it to nobody without a token');
	await started('w2', { model: 'org/private', env: { HF_TOKEN: 'hf_right' } });
	await started('w3', { model: 'org/private', env: { HUGGING_FACE_HUB_TOKEN: 'hf_right' } });
});

test('a model stays while a worker has it, and makes room when the worker is gone', async () => {
	mirror.put({ repo: 'org/other', files: { weights: someBytes(300_000, 3) } });
	await started('w1', { model: 'org/name' });
	expect(await refusal('w2', { model: 'org/other' })).toMatch(/model org\/other needs 0\.3 MB more: the model cache of this host may take 0\.4 MB, of which 0\.3 MB are in use/);
	rig.processes.get('w1')?.exit({ code: 0, signal: null });
	await until(() => rig.host.workers.get('w1')?.exit !== null, { what: 'the worker is gone' });
	await started('w3', { model: 'org/other' });
});

test('a model that the host was declared with is not downloaded', async () => {
	Object.assign(rig.host.inventory, { models: ['org/declared'] });
	await started('w1', { model: 'https://huggingface.co/org/declared' });
	expect(mirror.asked).toEqual([]);
});
