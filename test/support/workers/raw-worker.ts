/**
 * A worker that speaks RunPod's worker protocol with bare HTTP and never parses a payload: what it was given and what it did can be read byte for byte.
 * Endpoint env: `CONCURRENCY` parallel single takes (1), `TRACE_FILE` to append what it does to, `TAKE_LATE_MS` to be slow at the start.
 * Input members: `sleepMs`, `fail` (error text), `crash` (exit code), `crashTimes` (only on the first runs of this job), `output` (raw result) — otherwise the input itself comes back as `{"raw":<input>,"text":"<job text>"}`.
 * With `sign` the result is `{"by":…,"n":…,"tenant":…,"filling":…}`: a name of this very run, and those members of the input.
 * `chunks` (how many) are streamed as `{"n":0}`, … before that, each after `everyMs`; `lateProgress` is reported, and `lateOutput` posted as another result, when the result is in.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { topLevelMembers } from '../../../shared-schema/src/json/top-level.ts';

const env = (name: string): string => {
	const value = process.env[name];
	if (value === undefined) throw new Error(`${name} was not injected`);
	return value;
};
const workerId = env('RUNPOD_POD_ID');
const takeUrl = env('RUNPOD_WEBHOOK_GET_JOB').replace('$ID', workerId);
const doneUrl = env('RUNPOD_WEBHOOK_POST_OUTPUT').replace('$RUNPOD_POD_ID', workerId);
const streamUrl = env('RUNPOD_WEBHOOK_POST_STREAM').replace('$RUNPOD_POD_ID', workerId);
const pingUrl = env('RUNPOD_WEBHOOK_PING').replace('$RUNPOD_POD_ID', workerId);
const key = env('RUNPOD_AI_API_KEY');
const traceFile = process.env['TRACE_FILE'];
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const running = new Set<string>();
const stopped = new Map<string, AbortController>();
let draining = false;

process.on('SIGTERM', () => {
	draining = true;
	trace('sigterm', '');
	if (running.size === 0) process.exit(0);
});

trace('boot', '', { dataCenter: process.env['RUNPOD_DC_ID'] });
await sleep(Number(process.env['TAKE_LATE_MS'] ?? 0));
for (let slot = 0; slot < Number(process.env['CONCURRENCY'] ?? 1); slot++) void takeLoop();
void stopLoop();
setInterval(() => void ping(), Number(env('RUNPOD_PING_INTERVAL')));

async function takeLoop(): Promise<void> {
	while (!draining) {
		const began = performance.now();
		const answer = await call('GET', `${takeUrl}&job_in_progress=${running.size > 0 ? 1 : 0}`).catch((error: unknown) => ({ status: 0, text: String(error) }));
		trace('take', '', { status: answer.status, heldMs: performance.now() - began });
		if (answer.status === 200 && answer.text !== '') await runJob(answer.text);
		else if (answer.status === 429) await sleep(5_000);
		else if (answer.status !== 204) await sleep(200);
	}
	if (running.size === 0) process.exit(0);
}

/** The stop channel of SDK ≥ 1.10: a stopped job posts nothing. */
async function stopLoop(): Promise<void> {
	const url = takeUrl.replace('/job-take/', '/job-stop/');
	while (!draining) {
		const answer = await call('GET', url).catch(() => ({ status: 0, text: '' }));
		if (answer.status !== 200) {
			await sleep(1_000);
			continue;
		}
		for (const id of (JSON.parse(answer.text) as { jobsToStop: string[] }).jobsToStop) {
			trace('stop', id);
			stopped.get(id)?.abort();
		}
	}
}

/** As the SDK's own process does: its list of jobs is how a host sees that a stopped one is gone while others run. */
async function ping(): Promise<void> {
	await call('GET', `${pingUrl}&job_id=${[...running].join(',')}&runpod_version=raw`).catch(() => undefined);
}

async function runJob(text: string): Promise<void> {
	const members = topLevelMembers(text);
	const id = JSON.parse(members.get('id') ?? 'null') as string;
	const raw = members.get('input') ?? 'null';
	const verbs = topLevelMembers(raw);
	const number = (name: string): number => Number(verbs.get(name) ?? 0);
	const attempt = `${workerId}/${randomUUID().slice(0, 8)}`;
	running.add(id);
	trace('start', id, verbs.has('sign') ? { attempt } : {});
	const abort = new AbortController();
	stopped.set(id, abort);
	try {
		if (verbs.has('crash') && number('crashTimes') === 0) process.exit(number('crash'));
		if (verbs.has('crash') && timesStarted(id) <= number('crashTimes')) process.exit(number('crash'));
		for (let n = 0; n < number('chunks'); n++) {
			await sleep(number('everyMs'), undefined, { signal: abort.signal });
			await call('POST', `${streamUrl.replace('$ID', id)}&isStream=false`, `{"output":{"n":${n}}}`);
		}
		await sleep(number('sleepMs'), undefined, { signal: abort.signal });
		await postResult(id, verbs.has('sign') && !verbs.has('fail') ? signedResult(verbs, attempt) : resultText(verbs, raw, text));
		const late = verbs.get('lateProgress');
		if (late !== undefined) await postResult(id, `{"status":"IN_PROGRESS","output":${late}}`);
		if (verbs.has('lateOutput')) await postResult(id, `{"output":${verbs.get('lateOutput')}}`);
	} catch (error) {
		if (!abort.signal.aborted) throw error;
		trace('stopped', id);
	} finally {
		running.delete(id);
		stopped.delete(id);
	}
}

function resultText(verbs: Map<string, string>, raw: string, text: string): string {
	const fail = verbs.get('fail');
	if (fail !== undefined) return `{"error":${fail}}`;
	return `{"output":${verbs.get('output') ?? `{"raw":${raw},"text":${JSON.stringify(text)}}`}}`;
}

function signedResult(verbs: Map<string, string>, attempt: string): string {
	const members = ['n', 'tenant', 'filling'].map((name) => `"${name}":${verbs.get(name) ?? 'null'}`);
	return `{"output":{"by":"${attempt}",${members.join(',')}}}`;
}

/** As the SDK posts it: form content type, JSON text, three tries on 5xx or a broken connection. */
async function postResult(id: string, body: string): Promise<void> {
	for (let tries = 1; tries <= 3; tries++) {
		const answer = await call('POST', `${doneUrl.replace('$ID', id)}&isStream=false`, body).catch((error: unknown) => ({ status: 0, text: String(error) }));
		trace('done', id, { status: answer.status });
		if (answer.status >= 200 && answer.status < 500) return;
		await sleep(tries * 300);
	}
}

function timesStarted(id: string): number {
	if (traceFile === undefined) throw new Error('crashTimes needs TRACE_FILE');
	const lines = readFileSync(traceFile, 'utf8').split('\n');
	return lines.filter((line) => line.includes('"event":"start"') && line.includes(`"job":"${id}"`)).length;
}

function trace(event: string, job: string, more: object = {}): void {
	if (traceFile === undefined) return;
	appendFileSync(traceFile, `${JSON.stringify({ event, job, at: Date.now(), pid: process.pid, worker: workerId, ...more })}\n`);
}

function call(method: string, url: string, body?: string): Promise<{ status: number; text: string }> {
	return new Promise((resolve, reject) => {
		const receive = (response: IncomingMessage): void => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
			response.on('error', reject);
		};
		const headers = { authorization: key };
		if (body === undefined) {
			get(url, { agent, headers }, receive).on('error', reject);
			return;
		}
		const bytes = Buffer.from(body, 'utf8');
		const posted = request(
			url,
			{ method, agent, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', charset: 'utf-8', 'content-length': bytes.length } },
			receive,
		);
		posted.on('error', reject);
		posted.end(bytes);
	});
}
