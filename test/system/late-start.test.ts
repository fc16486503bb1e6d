/** Jobs that waited longer than their start window: each must be claimed at the edge before it runs, whatever worker then takes it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const START_WITHIN_MS = 1_000;
const WORKERS = 3;

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack({ env: { ...SHORT_TIMERS, LONGSHORE_START_WITHIN_MS: String(START_WITHIN_MS) } });
	// One pool, so that all workers are on one host and share what it claims.
	endpoint = await deployRaw(stack, { workersMax: WORKERS, pools: ['ADA_24'] });
	await endpoint.api.untilReady(WORKERS);
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

test('all run, once each, and name the worker that ran them', async () => {
	const { api } = endpoint;
	const blockers = await Promise.all(Array.from({ length: WORKERS }, () => api.run({ sleepMs: 3 * START_WITHIN_MS })));
	await Promise.all(blockers.map((id) => api.untilState(id, ['IN_PROGRESS'])));
	const late = await Promise.all(Array.from({ length: 12 }, (_, n) => api.run({ sleepMs: 400, n })));
	for (const [n, id] of late.entries()) {
		const done = await api.untilState(id);
		expect(done).toMatchObject({ status: 'COMPLETED', output: { raw: { n } } });
		expect(done['delayTime']).toBeGreaterThan(START_WITHIN_MS);
		expect(endpoint.starts(id).map(({ worker }) => worker)).toEqual([done['workerId']]);
	}
	expect(new Set(late.flatMap((id) => endpoint.starts(id).map(({ worker }) => worker))).size).toBe(WORKERS);
}, 60_000);
