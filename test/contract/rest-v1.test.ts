/** A new account lives by REST v1 alone, on the whole stack; a secret of it reaches its worker and lies nowhere in the clear. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { JobApi } from '../support/job-api.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const WORKERS = resolve(import.meta.dirname, '../support/workers');
/** Part of the secret's value, which is the path of the worker's trace: when that file appears, the worker got the value. */
const canary = `canary-${randomBytes(8).toString('hex')}`;

let stack: Stack;
let key: string;

async function v1(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
	const response = await fetch(`${stack.url}${path}`, {
		method,
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		signal: AbortSignal.timeout(15_000),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
	return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

beforeAll(async () => {
	stack = await startStack();
	key = await createAccount(stack, 'v1');
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

test('template, endpoint, job, and a secret that only the worker sees', async () => {
	const traceFile = join(stack.home, `${canary}.jsonl`);
	await v1('POST', '/v2/secrets', { name: 'trace-file', value: traceFile });
	const template = await v1('POST', '/v1/templates', {
		name: 'raw',
		imageName: `process://${WORKERS}`,
		isServerless: true,
		dockerEntrypoint: [process.execPath],
		dockerStartCmd: ['raw-worker.ts'],
		env: { TRACE_FILE: '{{ RUNPOD_SECRET_trace-file }}', CONCURRENCY: '1' },
	});
	const endpoint = await v1('POST', '/v1/endpoints', { templateId: template['id'], name: 'v1', workersMin: 1, workersMax: 1 });
	const id = endpoint['id'] as string;
	const api = new JobApi(stack.url, id, key);
	await api.untilReady();
	const job = (await v1('POST', `/v2/${id}/run`, { input: { n: 1 } }))['id'] as string;
	await api.untilState(job);
	expect(await v1('GET', `/v2/${id}/status/${job}`)).toMatchObject({ status: 'COMPLETED', output: { raw: { n: 1 } } });
	expect(existsSync(traceFile)).toBe(true);

	const shown = await v1('GET', `/v1/endpoints/${id}?includeTemplate=true&includeWorkers=true`);
	expect(shown).toMatchObject({ env: { TRACE_FILE: '{{ RUNPOD_SECRET_trace-file }}' }, workers: [{ endpointId: id, desiredStatus: 'RUNNING' }] });
	expect(JSON.stringify(shown)).not.toContain(canary);

	const files = readdirSync(stack.home, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(stack.home, name), { throwIfNoEntry: false })?.isFile() === true);
	expect(files.length).toBeGreaterThan(10);
	expect(files.filter((name) => readFileSync(join(stack.home, name)).includes(canary))).toEqual([]);
	const keyOfAccount = files.filter((name) => readFileSync(join(stack.home, name)).includes(key));
	expect(keyOfAccount).toEqual([]);

	await v1('DELETE', `/v1/endpoints/${id}`);
	await v1('DELETE', `/v1/templates/${template['id'] as string}`);
}, 120_000);
