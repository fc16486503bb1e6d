/** RunPod's limits of each route: what is within is served, what is beyond gets 429 and the time after which there is room again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import type { Answer, JobApi } from '../support/job-api.ts';
import { deployRaw } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let api: JobApi;

beforeAll(async () => {
	stack = await startStack();
	({ api } = await deployRaw(stack, { concurrency: 32 }));
	await api.untilReady();
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

/** `count` calls one after the other; how many of each status. */
async function tally(count: number, call: () => Promise<Answer>): Promise<{ counts: Record<number, number>; last: Answer }> {
	const counts: Record<number, number> = {};
	let last = await call();
	for (let n = 1; ; n++) {
		counts[last.status] = (counts[last.status] ?? 0) + 1;
		if (n === count) return { counts, last };
		last = await call();
	}
}

function expectRefusal(answer: Answer): void {
	expect(answer).toMatchObject({ status: 429, json: { error: expect.stringMatching(/more than \d+ [a-z-]+ requests .* on this endpoint/) } });
	expect(Object.keys(answer.json)).toEqual(['error']);
	const retryAfterS = Number(answer.headers.get('retry-after'));
	expect(Number.isInteger(retryAfterS) && retryAfterS >= 1 && retryAfterS <= 10, `Retry-After: ${answer.headers.get('retry-after')}`).toBe(true);
}

const purge = (): Promise<Answer> => api.call('/purge-queue', { method: 'POST' });
const list = (): Promise<Answer> => api.call('/requests');
const cancel = (): Promise<Answer> => api.cancel('nosuchjob');

describe('requests in ten seconds', () => {
	test.each([
		['purge-queue', 2, 200, purge],
		['requests', 10, 200, list],
		['cancel', 100, 404, cancel],
	] as const)('%s: %i are served and the next is refused', async (_route, limit, served, call) => {
		const { counts, last } = await tally(limit + 3, call);
		expect(counts).toEqual({ [served]: limit, 429: 3 });
		expectRefusal(last);
	});

	test('there is room again after the time that the refusal names', async () => {
		const refused = await until(
			async () => {
				const answer = await purge();
				return answer.status === 429 && answer;
			},
			{ what: 'purge-queue is refused', everyMs: 1 },
		);
		expectRefusal(refused);
		const afterMs = Number(refused.headers.get('retry-after')) * 1_000;
		await new Promise((resolve) => setTimeout(resolve, afterMs));
		expect(await purge()).toMatchObject({ status: 200 });
	});
});

test('a limit is one route’s and one endpoint’s: others go on', async () => {
	const { api: other } = await deployRaw(stack);
	await tally(3, purge);
	expect(await purge()).toMatchObject({ status: 429 });
	expect(await other.call('/purge-queue', { method: 'POST' })).toMatchObject({ status: 200 });
	expect(await api.runSync({ n: 1 })).toMatchObject({ status: 'COMPLETED' });
	expect(await api.health()).toMatchObject({ jobs: { inQueue: 0 } });
});

test('what is refused before it is counted takes no room', async () => {
	const { api: own, id } = await deployRaw(stack, { workersMin: 0 });
	const stranger = stack.api(id, await createAccount(stack, 'stranger'));
	for (let n = 0; n < 12; n++) {
		expect(await own.call('/requests', { headers: { authorization: 'Bearer wrong' } })).toMatchObject({ status: 401 });
		expect(await stranger.call('/requests')).toMatchObject({ status: 404 });
	}
	expect(await own.call('/requests')).toMatchObject({ status: 200 });
});

test('held calls count while they are held: 400 streams at one time, and no more until they end', async () => {
	const id = await api.run({ sleepMs: 60_000 });
	await api.untilState(id, ['IN_PROGRESS']);
	const held = Array.from({ length: 400 }, () => api.call(`/stream/${id}?wait=8000`, { timeoutMs: 60_000 }));
	const refused = await until(
		async () => {
			const answer = await api.call(`/stream/${id}?wait=1000`);
			return answer.status === 429 && answer;
		},
		{ what: 'one stream too many is refused', timeoutMs: 20_000, everyMs: 50 },
	);
	expectRefusal(refused);
	expect(refused.json['error']).toMatch(/more than 400 stream requests at one time/);
	const answers = await Promise.all(held);
	expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['{"status":"IN_PROGRESS","stream":[]}']));
	expect(await api.call(`/stream/${id}?wait=1000`)).toMatchObject({ status: 200 });
	await api.cancel(id);
}, 120_000);
