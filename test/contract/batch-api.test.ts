/** The batch API through the whole stack: drafts, their jobs on a real worker, results page by page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack, { concurrency: 8 });
	await endpoint.api.untilReady();
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

test('150 requests of a batch run once each, with the batch’s id, and their results are read in pages', async () => {
	const { api } = endpoint;
	const requests = Array.from({ length: 150 }, (_, n) => ({ input: n % 50 === 7 ? { n, fail: `number ${n}` } : { n } }));
	const { json } = await api.call('/batch', { body: requests.slice(0, 100) });
	expect(json).toEqual({ id: expect.any(String), status: 'DRAFT' });
	const path = `/batch/${json['id']}`;
	await api.call(`${path}/requests`, { body: { requests: requests.slice(100) } });
	expect((await api.call(`${path}/finalize`, { method: 'POST' })).json).toMatchObject({ status: 'FINALIZED', requestTotal: 150 });
	await until(
		async (note) => {
			const batch = (await api.call(path)).json;
			note(batch);
			return batch['requestInProgress'] === 0;
		},
		{ what: 'the batch over', timeoutMs: 60_000 },
	);
	expect((await api.call(path)).json).toMatchObject({ status: 'FINALIZED', requestCompleted: 147, requestFailed: 3 });

	const read: { id: string; status: string; error?: string; output?: { raw: { n: number }; text: string } }[] = [];
	for (let hasMore = true; hasMore; ) {
		const page = (await api.call(`${path}/requests?offset=${read.length}&limit=40`)).json;
		read.push(...(page['requests'] as typeof read));
		hasMore = page['hasMore'] === true;
	}
	expect(read.map(({ output, error }) => output?.raw.n ?? error)).toEqual(requests.map(({ input }) => ('fail' in input ? input.fail : input.n)));
	for (const { id, output } of read) {
		expect(endpoint.starts(id).length).toBe(1);
		if (output !== undefined) expect(JSON.parse(output.text)).toMatchObject({ id, batchId: json['id'] });
	}
	expect((await api.status(read[0]?.id ?? '')).json['status']).toBe('COMPLETED');
});

test('a cancelled batch stops what runs and never starts the rest', async () => {
	const { api } = endpoint;
	const { json } = await api.call('/batch', { body: Array.from({ length: 100 }, (_, n) => ({ input: { n, sleepMs: 60_000 } })) });
	const path = `/batch/${json['id']}`;
	await api.call(`${path}/finalize`, { method: 'POST' });
	const ids = ((await api.call(`${path}/requests`)).json['requests'] as { id: string }[]).map(({ id }) => id);
	await until(() => ids.filter((id) => endpoint.starts(id).length > 0).length >= 8, { what: '8 jobs running' });
	expect((await api.call(`${path}/cancel`, { method: 'POST' })).json).toMatchObject({ status: 'CANCELLED', requestInProgress: 0 });
	expect(await api.runSync({ n: 'after' })).toMatchObject({ status: 'COMPLETED' });
	expect(ids.filter((id) => endpoint.starts(id).length > 0).length).toBeLessThan(64);
});
