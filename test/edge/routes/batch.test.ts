/** The batch API on a real workerd, with a region that a test plays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import type { Dispatched, Region } from '../support/region-stand-in.ts';
import { startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

const RETENTION_MS = 3_000;

let edge: Edge;
let region: Region;
let client: Client;
let marks = 0;

beforeAll(async () => {
	edge = await startEdge({ BATCH_RETRY_MS: 200, RETENTION_BATCH_MS: 60_000 });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

const call = (method: string, path = '', body?: unknown): Promise<Answer> => edge.call(method, `/v2/${client.endpointId}/batch${path}`, body, client.key);
const inputs = (count: number, mark: string): { input: object }[] => Array.from({ length: count }, (_, n) => ({ input: { mark, n } }));
const newMark = (): string => `mark-${marks++}`;

async function ok(method: string, path = '', body?: unknown): Promise<Record<string, unknown>> {
	const answer = await call(method, path, body);
	if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
	return answer.body;
}

/** The dispatches of a batch's jobs, once there are `count`. */
const dispatchesOf = (mark: string, count: number): Promise<Dispatched[]> =>
	until(
		(note) => {
			const jobs = region.dispatched.all.filter(({ payload }) => payload?.includes(`"${mark}"`) === true);
			note(jobs.length);
			return jobs.length >= count && jobs;
		},
		{ what: `${count} dispatches` },
	);

const untilCounts = (id: unknown, want: object): Promise<unknown> =>
	until(
		async (note) => {
			const batch = await ok('GET', `/${id}`);
			note(batch);
			return Object.entries(want).every(([name, value]) => batch[name] === value);
		},
		{ what: `batch with ${JSON.stringify(want)}` },
	);

describe('a batch', () => {
	test('is a draft until it is finalized, then runs, and shows its results', async () => {
		const mark = newMark();
		const made = await call('POST', '', inputs(2, mark));
		expect([made.status, made.body]).toEqual([200, { id: made.body['id'], status: 'DRAFT' }]);
		const { id } = made.body;
		const added = await ok('POST', `/${id}/requests`, { requests: inputs(1, mark) });
		expect(added).toMatchObject({ id, requestTotal: 3, requests: [{ id: expect.any(String) }] });
		expect(await ok('GET', `/${id}`)).toEqual({
			id,
			endpointId: client.endpointId,
			status: 'DRAFT',
			requestTotal: 3,
			requestInProgress: 0,
			requestCompleted: 0,
			requestFailed: 0,
			createdAt: expect.any(Number),
		});

		expect(await ok('POST', `/${id}/finalize`)).toMatchObject({ status: 'FINALIZED', requestInProgress: 3 });
		const jobs = await dispatchesOf(mark, 3);
		expect(JSON.parse(jobs[0]?.payload ?? '')).toEqual({ id: jobs[0]?.id, input: { mark, n: expect.any(Number) }, batchId: id });
		const large = JSON.stringify({ text: 'x'.repeat(2_500_000) });
		const [first, second, third] = (await ok('GET', `/${id}/requests`))['requests'] as { id: string }[];
		const byId = (request: { id: string } | undefined): Dispatched => jobs.find((job) => job.id === request?.id) as Dispatched;
		await region.tell(byId(first), 'result', { text: '{"seed": 9007199254740993}' });
		await region.tell(byId(second), 'result', { error: 'boom' });
		expect(await region.upload(byId(third), new TextEncoder().encode(large))).toBe(204);
		await region.tell(byId(third), 'result', { uploadedBytes: large.length });
		await untilCounts(id, { requestCompleted: 2, requestFailed: 1, requestInProgress: 0, status: 'FINALIZED' });

		const page = await call('GET', `/${id}/requests`);
		expect(page.text).toContain('"output":{"seed": 9007199254740993}');
		expect(page.body).toMatchObject({ total: 3, offset: 0, limit: 50, hasMore: false });
		const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
		const times = { startedAt: time, completedAt: time };
		expect(page.body['requests']).toEqual([
			{ id: first?.id, status: 'COMPLETED', output: expect.anything(), ...times },
			{ id: second?.id, status: 'FAILED', error: 'boom', ...times },
			{ id: third?.id, status: 'COMPLETED', output: JSON.parse(large), ...times },
		]);
		expect((await ok('GET', `/${id}/requests?offset=1&limit=1`))['requests']).toMatchObject([{ id: second?.id }]);
		expect(await ok('GET', `/${id}/requests?offset=1&limit=1`)).toMatchObject({ total: 3, offset: 1, limit: 1, hasMore: true });
		expect(await ok('GET')).toEqual(expect.arrayContaining([expect.objectContaining({ id, requestCompleted: 2 })]));
	});

	test('can be named in any state, and has no name before', async () => {
		const { id } = await ok('POST', '', inputs(1, newMark()));
		const unnamed = await ok('GET', `/${id}`);
		expect(unnamed).not.toHaveProperty('name');
		expect(await ok('PUT', `/${id}`, { name: ' nightly ', other: 1 })).toEqual({ ...unnamed, name: 'nightly' });
		await ok('POST', `/${id}/finalize`);
		await ok('PUT', `/${id}`, { name: 'žluť' });
		expect(await ok('GET', `/${id}`)).toMatchObject({ status: 'FINALIZED', name: 'žluť' });
		expect(await ok('GET')).toEqual(expect.arrayContaining([expect.objectContaining({ id, name: 'žluť' })]));
		for (const [body, words] of [
			[{}, 'name'],
			[{ name: '' }, 'name'],
			[{ name: 7 }, 'name'],
			[{ name: 'x'.repeat(192) }, '191'],
			[[], '{"name": "…"}'],
		] as const) {
			const refused = await call('PUT', `/${id}`, body);
			expect([refused.status, refused.body['error']]).toEqual([400, expect.stringContaining(words)]);
		}
		expect((await call('PUT', '/abcdefghijklmn', { name: 'x' })).status).toBe(404);
		await ok('POST', `/${id}/cancel`);
	});

	test('gives up requests while it is a draft, and only then', async () => {
		const mark = newMark();
		const { id } = await ok('POST', '', inputs(2, mark));
		const [first] = (await ok('GET', `/${id}/requests`))['requests'] as { id: string }[];
		expect(await ok('DELETE', `/${id}/requests/${first?.id}`)).toMatchObject({ requestTotal: 1 });
		expect((await call('DELETE', `/${id}/requests/${first?.id}`)).status).toBe(404);
		await ok('POST', `/${id}/finalize`);
		expect(await ok('POST', `/${id}/finalize`)).toMatchObject({ status: 'FINALIZED' });
		expect((await call('POST', `/${id}/requests`, inputs(1, mark))).status).toBe(409);
		expect((await dispatchesOf(mark, 1)).length).toBe(1);
		expect(await ok('POST', `/${id}/cancel`)).toMatchObject({ status: 'CANCELLED', requestInProgress: 0 });
	});

	test('that is cancelled cancels its jobs, at the region too', async () => {
		const mark = newMark();
		const { id } = await ok('POST', '', inputs(2, mark));
		await ok('POST', `/${id}/finalize`);
		const [job] = await dispatchesOf(mark, 2);
		await ok('POST', `/${id}/cancel`);
		await client.untilStatus(job?.id ?? '', 'CANCELLED');
		await region.revoked.next((ref) => ref.id === job?.id, 'the order to stop');
		expect((await ok('GET', `/${id}/requests`))['requests']).toMatchObject([{ status: 'CANCELLED' }, { status: 'CANCELLED' }]);
	});

	test('goes to its job stores a part at a time, and survives a killed edge', async () => {
		const mark = newMark();
		const { id } = await ok('POST', '', inputs(100, mark));
		await ok('POST', `/${id}/finalize`);
		const sent = await dispatchesOf(mark, 64);
		expect(sent.length).toBe(64);
		for (const job of sent.slice(0, 10)) await region.tell(job, 'result', { text: '{}' });
		await dispatchesOf(mark, 74);
		await edge.restart();
		const done = new Set(sent.slice(0, 10).map((job) => job.id));
		await until(
			async (note) => {
				for (const job of region.dispatched.all.filter(({ payload, id: jobId }) => payload?.includes(`"${mark}"`) === true && !done.has(jobId))) {
					if ((await region.tell(job, 'result', { text: '{}' })) === 'accepted') done.add(job.id);
				}
				note(done.size);
				return done.size === 100;
			},
			{ what: 'all jobs ended' },
		);
		await untilCounts(id, { requestCompleted: 100, requestFailed: 0, requestInProgress: 0 });
	});
});

describe('limits and refusals', () => {
	test('an endpoint has ten batches that are not over', async () => {
		const own = await deploy(edge, [region]);
		const post = (path = ''): Promise<Answer> => edge.call('POST', `/v2/${own.endpointId}/batch${path}`, [], own.key);
		const made = [];
		for (let n = 0; n < 10; n++) made.push((await post()).body['id']);
		expect((await post()).status).toBe(429);
		expect((await post(`/${made[0]}/finalize`)).body).toMatchObject({ status: 'FINALIZED', requestTotal: 0 });
		expect((await post()).status).toBe(200);
	});

	test('a batch has at most 5,000 requests', async () => {
		const { id } = await ok('POST', '', inputs(5_000, 'many'));
		const answer = await call('POST', `/${id}/requests`, inputs(1, 'one more'));
		expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('5000')]);
		await ok('POST', `/${id}/cancel`);
	});

	test.each([
		['7', 400, 'must be a list of requests, or an object with the list in "requests"'],
		['"x"', 400, 'must be a list of requests'],
		['null', 400, 'must be a list of requests'],
		['{}', 400, 'requests is missing'],
		['{"requests":{}}', 400, 'requests must be an array'],
		['[1]', 400, 'requests.0.input must be a JSON object'],
		['[{"input":{}},{"input":[]}]', 400, 'requests.1.input must be a JSON object'],
		['[{"input":{}}', 400, 'not valid JSON'],
		['[{"input":{}}]]', 400, 'not valid JSON'],
	])('a body %s is refused in words that fit it', async (body, status, words) => {
		const { id } = await ok('POST');
		for (const path of ['', `/${id}/requests`]) {
			const answer = await fetch(`${edge.url}/v2/${client.endpointId}/batch${path}`, { method: 'POST', body, headers: { authorization: client.key } });
			expect([answer.status, await answer.json()]).toEqual([status, { error: expect.stringContaining(words) }]);
		}
		expect(await ok('GET', `/${id}`)).toMatchObject({ requestTotal: 0 });
		await ok('POST', `/${id}/cancel`);
	});

	test('other keys, made-up ids and bad pages are refused', async () => {
		const { id } = await ok('POST');
		const stranger = await edge.createAccount();
		expect((await edge.call('GET', `/v2/${client.endpointId}/batch/${id}`, undefined, stranger)).status).toBe(404);
		expect((await call('GET', '/abcdefghijklmn')).status).toBe(404);
		for (const query of ['limit=0', 'limit=1001', 'offset=-1', 'offset=x']) expect((await call('GET', `/${id}/requests?${query}`)).status).toBe(400);
	});
});

test('a batch is kept for its retention and not longer', async () => {
	const other = await startEdge({ RETENTION_BATCH_MS: RETENTION_MS });
	try {
		const there = await startRegion(other, 'eu-1');
		there.beat(true);
		const own = await deploy(other, [there]);
		const get = (path: string): Promise<Answer> => other.call('GET', `/v2/${own.endpointId}/batch${path}`, undefined, own.key);
		const { id } = (await other.call('POST', `/v2/${own.endpointId}/batch`, inputs(1, 'canary'), own.key)).body;
		expect((await get(`/${id}`)).status).toBe(200);
		await until(async () => (await get(`/${id}`)).status === 404, { what: 'the batch gone', timeoutMs: 10_000 });
		expect((await get(`/${id}/requests`)).status).toBe(404);
		expect((await get('')).text).toBe('[]');
		await there.close();
	} finally {
		await other.stop();
	}
});
