/** The agent end to end: a real process against a real nats-server, with workers on our own SDK as real processes. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { type Region, startRegion } from '../support/region.ts';

const WORKER = resolve(import.meta.dirname, '../support/echo-worker.ts');
const command = [process.execPath, WORKER];

let region: Region;
let agent: AgentProcess;

beforeAll(async () => {
	region = await startRegion();
	await region.addEndpoint('ep1');
	agent = await startAgentProcess(region);
}, 60_000);
afterAll(async () => {
	await agent?.stop();
	await region?.stop();
}, 60_000);

describe('one job', () => {
	test('runs and comes back as a result', async () => {
		expect(await region.startWorker('w1', { command, env: { CONCURRENCY: '16' } })).toEqual({ ok: true });
		await region.send({ id: 'j1' }, { a: 1 });
		const { event, frame } = await region.result('j1');
		expect(event).toMatchObject({ workerId: 'w1', epoch: 1, token: 'token-of-16-chars' });
		expect(JSON.parse(frame ?? '')).toEqual({ id: 'j1', echo: { a: 1 } });
		await until(async () => (await region.queued()) === 0, { what: 'message acknowledged' });
	});
});
