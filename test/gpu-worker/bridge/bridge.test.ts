/** The worker protocol over HTTP, fact by fact. */
import { connect } from 'node:net';
import { INLINE_OUTPUT_BYTES_MAX, OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig();
	await rig.startWorker('w1');
});
afterEach(() => rig.stop());

/** Lets worker w1 take job `id`. */
async function taken(id: string, more: object = {}): Promise<void> {
	const before = rig.pulls.length;
	const take = rig.take();
	await until(() => rig.pulls.length > before, { what: 'pull', everyMs: 2 });
	rig.deliver({ id, ...more });
	expect((await take).status).toBe(200);
}

describe('taking', () => {
	test('a single take gets the job itself, byte for byte', async () => {
		const take = rig.take();
		await rig.untilPulled(1);
		const payload = '{"id":"j1","input":{ "n": 1.0, "u": "\\u00e9" }}';
		rig.deliver({ id: 'j1' }, { payload });
		expect(await take).toEqual({ status: 200, text: payload });
		await until(() => rig.settled.length > 0, { what: 'acknowledged' });
		expect(rig.settled).toEqual([{ job: 'j1', how: 'ack', delayMs: 0 }]);
	});

	test('a batch take gets a list of what came together, and pulls its whole room at once', async () => {
		const take = rig.call('/job-take-batch/w1?gpu=x&batch_size=3&job_in_progress=0');
		await rig.untilPulled(3);
		expect(rig.pulls).toHaveLength(1);
		rig.deliver({ id: 'j1' });
		rig.deliver({ id: 'j2' });
		expect(JSON.parse((await take).text)).toEqual([
			{ id: 'j1', input: {} },
			{ id: 'j2', input: {} },
		]);
	});

	test('the batch strategy of SDK 1.7.1 and a query glued on with & are no obstacle', async () => {
		const take = rig.call('/job-take-batch/w1&batch_size=2&batch_strategy=LMove&job_in_progress=0');
		await rig.untilPulled(2);
		rig.deliver({ id: 'j1' });
		expect(JSON.parse((await take).text)).toHaveLength(1);
	});

	test('a take that finds nothing is held and then answered 204', async () => {
		await rig.stop();
		rig = await startRig({ holdMs: 50 });
		await rig.startWorker('w1');
		expect(await rig.take()).toEqual({ status: 204, text: '' });
	});

	test('what was asked for a take that went away is not asked again for the next', async () => {
		const gone = new AbortController();
		const first = rig.take('w1', '?gpu=x', gone.signal).catch(() => 'gone');
		await rig.untilPulled(1);
		gone.abort();
		expect(await first).toBe('gone');
		await until(() => rig.host.workers.get('w1')?.takes.size === 0, { what: 'take closed' });
		const take = rig.take();
		await until(() => rig.host.workers.get('w1')?.takes.size === 1, { what: 'take open' });
		rig.deliver({ id: 'j1' });
		expect((await take).status).toBe(200);
		expect(rig.pulls).toHaveLength(1);
	});

	test('a job that finds no take any more waits a moment for the next one', async () => {
		rig.deliver({ id: 'j1' });
		expect((await rig.take()).text).toContain('j1');
	});

	test('and goes back when none comes', async () => {
		rig.deliver({ id: 'j1' });
		await until(() => rig.settled.length > 0, { what: 'given back' });
		expect(rig.settled).toEqual([{ job: 'j1', how: 'nak', delayMs: 0 }]);
		expect(rig.host.attempts.size).toBe(0);
	});

	test('a job whose take broke off before it was written goes to another take', async () => {
		const socket = connect(Number(new URL(rig.base).port), '127.0.0.1');
		socket.write('GET /v2/ep1/job-take/w1?gpu=x HTTP/1.1\r\nhost: x\r\nauthorization: key-of-the-worker\r\n\r\n');
		await rig.untilPulled(1);
		socket.resetAndDestroy();
		rig.deliver({ id: 'j1' });
		expect((await rig.take()).text).toContain('j1');
	});

	test('jobs spread over workers, and a worker out of service gets none', async () => {
		await rig.startWorker('w2');
		const first = rig.call('/job-take-batch/w1?batch_size=2');
		const second = rig.call('/job-take-batch/w2?batch_size=2');
		await rig.untilPulled(4);
		rig.deliver({ id: 'j1' });
		rig.deliver({ id: 'j2' });
		expect(JSON.parse((await first).text)).toHaveLength(1);
		expect(JSON.parse((await second).text)).toHaveLength(1);
	});
});

describe('results', () => {
	test('arrive as a form by name and JSON by nature; the output stays as written', async () => {
		await taken('j1');
		const body = '{"output": {"n": 1.0, "t": "=&%"} }';
		expect((await rig.call('/job-done/w1/j1?gpu=x&isStream=false', body, { 'content-type': 'application/x-www-form-urlencoded', charset: 'utf-8' })).status).toBe(200);
		expect(await rig.event('result', 'j1')).toMatchObject({ frame: '{"n": 1.0, "t": "=&%"}', workerId: 'w1', hostBoot: 'boot-1' });
	});

	test('a job that runs longer is reported as started', async () => {
		await taken('j1');
		await rig.event('started', 'j1');
	});

	test('{} completes without output', async () => {
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x', '{}');
		const event = await rig.event('result', 'j1');
		expect(event).not.toHaveProperty('error');
		expect(event).not.toHaveProperty('bytes');
	});

	test('an error fails the job and keeps the output beside it; what is no string becomes text', async () => {
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":{"x":1},"error":{"a":1}}');
		expect(await rig.event('result', 'j1')).toMatchObject({ error: '{"a":1}', frame: '{"x":1}' });
	});

	test('a repeated result is fine, one for a job that the worker never had is not', async () => {
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
		expect((await rig.call('/job-done/w1/j1?gpu=x', '{"output":2}')).status).toBe(200);
		expect((await rig.call('/job-done/w1/other?gpu=x', '{"output":2}')).status).toBe(404);
		await rig.event('result', 'j1');
		expect(rig.events.filter((event) => event.kind === 'result')).toHaveLength(1);
	});

	test('progress goes on its way; after the end it is ignored', async () => {
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x&isStream=false', '{"status":"IN_PROGRESS","output":"half"}');
		expect(await rig.event('progress', 'j1')).toMatchObject({ n: 0, frame: '"half"' });
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
		expect((await rig.call('/job-done/w1/j1?gpu=x', '{"status":"IN_PROGRESS","output":"late"}')).status).toBe(200);
		await rig.event('result', 'j1');
		expect(rig.events.filter((event) => event.kind === 'progress')).toHaveLength(1);
	});

	test('chunks are numbered in order and come before the result', async () => {
		await taken('j1');
		for (const n of [0, 1, 2]) await rig.call('/job-stream/w1/j1?gpu=x&isStream=false', `{"output":{"n":${n}}}`);
		await rig.call('/job-done/w1/j1?gpu=x&isStream=true', '{"output":[]}');
		await rig.event('result', 'j1');
		expect(rig.events.filter((event) => event.kind !== 'started').map((event) => [event.kind, event.frame])).toEqual([
			['chunk', '{"n":0}'],
			['chunk', '{"n":1}'],
			['chunk', '{"n":2}'],
			['result', '[]'],
		]);
	});

	test('a large output is uploaded before its event', async () => {
		await taken('j1');
		const output = JSON.stringify('x'.repeat(INLINE_OUTPUT_BYTES_MAX));
		await rig.call('/job-done/w1/j1?gpu=x', `{"output":${output}}`);
		expect(await rig.event('result', 'j1')).toMatchObject({ uploadedBytes: output.length, frame: null });
		expect(rig.uploads).toEqual([`j1:${output.length}`]);
	});

	test('it is uploaded again when the edge asks for it', async () => {
		let verdicts = 0;
		rig.verdict = (event) => (event.kind === 'result' && verdicts++ === 0 ? 'upload' : 'accepted');
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x', `{"output":${JSON.stringify('x'.repeat(INLINE_OUTPUT_BYTES_MAX))}}`);
		await until(() => rig.uploads.length === 2 && rig.host.attempts.size === 0, { what: 'second upload' });
	});

	test('an output over the limit fails the job with both numbers, and the worker goes on', async () => {
		await taken('j1');
		expect((await rig.call('/job-done/w1/j1?gpu=x', `{"output":"${'x'.repeat(OUTPUT_BYTES_MAX)}"}`)).status).toBe(200);
		expect(await rig.event('result', 'j1')).toMatchObject({
			cause: 'output_too_large',
			error: expect.stringContaining(`${OUTPUT_BYTES_MAX + 2} bytes, the limit is ${OUTPUT_BYTES_MAX}`),
		});
	});

	test('a result that is no JSON fails the job with the reason', async () => {
		await taken('j1');
		expect((await rig.call('/job-done/w1/j1?gpu=x', '{"output": NaN}')).status).toBe(400);
		expect(await rig.event('result', 'j1')).toMatchObject({ error: expect.stringContaining('NaN') });
	});

	test('stopPod ends the worker after its jobs', async () => {
		await taken('j1');
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1,"stopPod":true}');
		await until(() => rig.processes.get('w1')?.signals[0] === 'SIGTERM', { what: 'worker ended' });
		expect(await rig.event('result', 'j1')).toMatchObject({ frame: '1' });
	});
});

describe('a worker that says that it holds no job', () => {
	const sdk = (release: string): Record<string, string> => ({ 'user-agent': `RunPod-Python-SDK/${release} (Linux) Language/Python 3.11` });
	const poll = (release: string): Promise<{ status: number; text: string }> => rig.call('/job-take/w1?gpu=x&job_in_progress=0', undefined, sdk(release));
	beforeEach(async () => {
		await rig.stop();
		rig = await startRig({ timers: { lostResultMs: 200 }, holdMs: 400 });
		await rig.startWorker('w1');
		await taken('j1');
	});

	test.each(['1.6.2', '1.7.5', '1.12.0'])('twice, about a job that it never reported, could not send the result (SDK %s)', async (release) => {
		for (let takes = 0; takes < 2; takes++) expect((await poll(release)).status).toBe(204);
		expect(await rig.event('result', 'j1')).toMatchObject({ error: expect.stringContaining('no JSON') });
		await until(() => rig.host.workers.get('w1')?.jobs.size === 0, { what: 'slot free' });
		expect(rig.processes.get('w1')?.signals).toEqual([]);
	});

	test('once, and then reports the result after all, keeps its job', async () => {
		expect((await poll('1.12.0')).status).toBe(204);
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
		await poll('1.12.0');
		expect(await rig.event('result', 'j1')).toMatchObject({ frame: '1' });
	});

	test.each(['1.7.1', 'without a name'])('is not believed where the word may mean something else (SDK %s)', async (release) => {
		const headers = release === 'without a name' ? {} : sdk(release);
		for (let takes = 0; takes < 3; takes++) await rig.call('/job-take/w1?gpu=x&job_in_progress=0', undefined, headers);
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
		expect(await rig.event('result', 'j1')).toMatchObject({ frame: '1' });
	});
});

describe('stopping', () => {
	test('the stop channel carries the id, and the next idle take shows that it was obeyed', async () => {
		const poll = rig.call('/job-stop/w1?gpu=x');
		await taken('j1');
		await rig.send('ctl.host-a', { op: 'stop-jobs', jobs: [{ id: 'j1', epoch: 1 }] });
		expect(JSON.parse((await poll).text)).toEqual({ jobsToStop: ['j1'] });
		const take = rig.take();
		await until(() => rig.host.workers.get('w1')?.stopping.size === 0, { what: 'obeyed' });
		expect(rig.processes.get('w1')?.signals).toEqual([]);
		rig.deliver({ id: 'j2' });
		await take;
	});

	test('a worker that does not obey is ended', async () => {
		await taken('j1');
		await rig.send('ctl.host-a', { op: 'stop-jobs', jobs: [{ id: 'j1', epoch: 1 }] });
		await until(() => rig.processes.get('w1')?.signals[0] === 'SIGTERM', { what: 'worker ended' });
		expect(rig.events.filter((event) => event.kind === 'lost')).toEqual([]);
	});

	test('a ping that does not name the job is no proof from a worker that never asked what to stop: it is ended', async () => {
		await taken('j1');
		await rig.send('ctl.host-a', { op: 'stop-jobs', jobs: [{ id: 'j1', epoch: 1 }] });
		await until(() => rig.host.workers.get('w1')?.stopping.has('j1'), { what: 'stop order' });
		const isEnded = (): boolean => rig.processes.get('w1')?.signals[0] === 'SIGTERM';
		const ping = async (): Promise<boolean> => isEnded() || ((await rig.call('/ping/w1?gpu=x&runpod_version=1.7.1')).status === 429 && isEnded());
		await until(ping, { what: 'worker ended', timeoutMs: 5_000, everyMs: 10 });
	});

	test('the edge’s verdict stops a job as well, and its late result is ignored', async () => {
		rig.verdict = (event) => (event.kind === 'started' ? 'stop' : 'accepted');
		await taken('j1');
		await until(() => rig.host.workers.get('w1')?.stopping.has('j1'), { what: 'stop order' });
		expect((await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}')).status).toBe(200);
		expect(rig.host.workers.get('w1')?.stopping.size).toBe(0);
		expect(rig.events.some((event) => event.kind === 'result')).toBe(false);
	});

	test('a stop poll without orders is held, then 204', async () => {
		await rig.stop();
		rig = await startRig({ holdMs: 50 });
		await rig.startWorker('w1');
		expect((await rig.call('/job-stop/w1?gpu=x')).status).toBe(204);
	});

	test('a job past its execution time fails and is stopped; pings do not extend it', async () => {
		const poll = rig.call('/job-stop/w1?gpu=x');
		await taken('j1', { executionTimeoutMs: 1_000 });
		const pinging = new AbortController();
		const pings = (async () => {
			while (!pinging.signal.aborted) await rig.call('/ping/w1?gpu=x&job_id=j1&runpod_version=1.12.0');
		})();
		const ended = await rig.event('result', 'j1').finally(() => pinging.abort());
		await pings;
		expect(ended).toMatchObject({ error: 'executionTimeout exceeded', cause: 'execution_timeout' });
		expect(JSON.parse((await poll).text)).toEqual({ jobsToStop: ['j1'] });
	});

	test('a worker that drains has its polls released, keeps its job and ends after it', async () => {
		await taken('j1');
		const [take, stop] = [rig.take(), rig.call('/job-stop/w1?gpu=x')];
		await until(() => rig.host.workers.get('w1')?.takes.size === 1 && rig.host.workers.get('w1')?.stopPolls.size === 1, { what: 'polls open' });
		await rig.send('ctl.host-a', { op: 'stop-worker', workerId: 'w1' });
		expect([(await take).status, (await stop).status]).toEqual([204, 204]);
		expect(rig.processes.get('w1')?.signals).toEqual([]);
		await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
		await until(() => rig.processes.get('w1')?.signals[0] === 'SIGTERM', { what: 'worker ended' });
	});
});

describe('who may', () => {
	test('the key works bare and as Bearer', async () => {
		expect((await rig.call('/ping/w1?gpu=x')).status).toBe(200);
		expect((await rig.call('/ping/w1?gpu=x', undefined, { authorization: 'Bearer key-of-the-worker' })).status).toBe(200);
	});

	test('the key of the URLs that the worker was given counts where its SDK sends its user’s own', async () => {
		expect((await rig.call('/ping/w1?gpu=x&key=key-of-the-worker', undefined, { authorization: 'rpa_the-users-own' })).status).toBe(200);
		expect((await rig.call('/job-take/w1?gpu=x&key=wrong', undefined, { authorization: 'rpa_the-users-own' })).status).toBe(429);
	});

	test.each([
		['a wrong key', '/job-take/w1?gpu=x', 'wrong'],
		['an unknown worker', '/job-take/w9?gpu=x', 'key-of-the-worker'],
	])('%s is answered late and with 429, after which SDKs pause', async (_, path, authorization) => {
		expect((await rig.call(path, undefined, { authorization })).status).toBe(429);
	});

	test('what is not of the protocol is 404', async () => {
		expect((await rig.call('/job-unknown/w1')).status).toBe(404);
	});

	test('a batch size that is no number is refused without a spin', async () => {
		expect((await rig.call('/job-take-batch/w1?batch_size=many')).status).toBe(429);
	});
});

describe('pings', () => {
	test('the first one makes the worker idle', async () => {
		expect(rig.host.workers.get('w1')?.contacted).toBe(false);
		await rig.call('/ping/w1?gpu=x&runpod_version=1.12.0');
		await until(() => rig.reports.at(-1)?.workers[0]?.phase === 'idle', { what: 'idle' });
	});

	test('an unhealthy one is recorded with its reason, and the worker gets no jobs', async () => {
		await rig.call('/ping/w1?gpu=x&status=unhealthy&check=memory&reason=only+1+GB&runpod_version=1.12.0');
		await until(() => rig.reports.at(-1)?.workers[0]?.phase === 'unhealthy', { what: 'unhealthy' });
		expect(rig.reports.at(-1)?.workers[0]?.lastLog).toContain('memory: only 1 GB');
	});
});
