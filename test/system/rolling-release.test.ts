/** A release under load: what runs ends where it is, what waits runs once, somebody always works, and progress is shown to its end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../support/job-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

interface Workers {
	readonly workers: readonly { readonly id: string; readonly status: string; readonly version: number; readonly isStale: boolean; readonly dataCenterId: string }[];
	readonly summary: Readonly<Record<string, number>>;
	readonly endpointVersion: number;
}
interface Releases {
	readonly endpointVersion: number;
	readonly rollout: { readonly inProgress: boolean; readonly workersOnLatest: number; readonly workersTotal: number; readonly percentOnLatest: number };
	readonly releases: readonly {
		readonly version: number;
		readonly workerCount: number;
		readonly diff: readonly { readonly field: string; readonly old: unknown; readonly new: unknown }[];
	}[];
}

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack({ env: SHORT_TIMERS });
	endpoint = await deployRaw(stack, { workersMin: 4, workersMax: 4, env: { RELEASE: 'one' } });
	await until(async () => (await endpoint.api.health()).workers.idle === 4, { what: 'four idle workers', timeoutMs: 60_000 });
}, 400_000);
afterAll(() => stack?.stop(), 90_000);

const manage = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
	const response = await fetch(`${stack.url}/v2/serverless/${endpoint.id}${path}`, {
		method,
		headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		signal: AbortSignal.timeout(15_000),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
	return JSON.parse(text) as T;
};
const envNow = async (): Promise<Record<string, string>> => (await manage<{ env: Record<string, string> }>('GET', '')).env;

/** Looks at the endpoint again and again until `until` resolves. */
async function watch(until: Promise<unknown>): Promise<{ ready: number[]; serving: number[]; percents: number[] }> {
	let over = false;
	const ended = until.finally(() => {
		over = true;
	});
	const seen = { ready: [] as number[], serving: [] as number[], percents: [] as number[] };
	while (!over) {
		const [health, { summary }, { rollout }] = await Promise.all([endpoint.api.health(), manage<Workers>('GET', '/workers'), manage<Releases>('GET', '/releases')]);
		seen.ready.push(health.workers.ready);
		seen.serving.push((summary['running'] ?? 0) + (summary['idle'] ?? 0));
		seen.percents.push(rollout.percentOnLatest);
	}
	await ended;
	return seen;
}

test('of an endpoint with 4 busy workers and 20 queued jobs loses none, runs none twice and never leaves it without a worker', async () => {
	const ids: string[] = [];
	for (let n = 0; n < 24; n++) ids.push(await endpoint.api.run({ sleepMs: 1_000 + (n % 4) * 150, n }));
	await until(async () => (await endpoint.api.health()).jobs.inProgress === 4, { what: 'four busy workers' });

	expect(await manage('PATCH', '', { env: { ...(await envNow()), RELEASE: 'two' } })).toMatchObject({ version: 2 });
	const ends: Promise<Answer['json'][]> = Promise.all(ids.map((id) => endpoint.api.untilState(id, undefined, 90_000)));
	const rolled = until(async () => (await manage<Releases>('GET', '/releases')).rollout.percentOnLatest === 100, { what: 'the roll to end', timeoutMs: 60_000, everyMs: 200 });
	const seen = await watch(Promise.all([ends, rolled]));

	expect((await ends).map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
	expect(ids.filter((id) => endpoint.starts(id).length !== 1)).toEqual([]);
	expect(Math.min(...seen.ready)).toBeGreaterThan(0);
	expect(Math.min(...seen.serving)).toBeGreaterThan(0);
	expect(seen.percents[0]).toBeLessThan(100);

	const { rollout, releases, endpointVersion } = await manage<Releases>('GET', '/releases');
	expect(endpointVersion).toBe(2);
	expect(rollout).toEqual({ inProgress: false, workersOnLatest: 4, workersTotal: 4, percentOnLatest: 100 });
	expect(releases.map(({ version, workerCount }) => [version, workerCount])).toEqual([
		[2, 4],
		[1, 0],
	]);
	expect(releases[0]?.diff).toEqual([{ field: 'env.RELEASE', old: 'one', new: 'two' }]);
}, 180_000);

test('of a single worker overlaps it with its successor, and rolls back the same way', async () => {
	await manage('PATCH', '', { workers: { min: 1, max: 1 } });
	await until(async () => (await manage<Workers>('GET', '/workers')).workers.length === 1, { what: 'one worker', timeoutMs: 30_000 });
	const [before] = (await manage<Workers>('GET', '/workers')).workers;

	expect(await manage('POST', '/rollback', { version: 1 })).toMatchObject({ version: 3, env: { RELEASE: 'one' }, workers: { min: 1, max: 1 } });
	const rolled = until(
		async () => {
			const { workers } = await manage<Workers>('GET', '/workers');
			return workers.length === 1 && workers[0]?.version === 3 && workers[0].id !== before?.id;
		},
		{ what: 'the successor alone', timeoutMs: 60_000 },
	);
	const seen = await watch(rolled);
	expect(Math.min(...seen.serving)).toBeGreaterThan(0);
	expect((await endpoint.api.runSync({ after: 'rollback' }))['status']).toBe('COMPLETED');
}, 120_000);

test('is not made by a change of scaling or time-outs, which the regions have within a second', async () => {
	const { version } = await manage<{ version: number }>('GET', '');
	expect(await manage('PATCH', '', { name: 'renamed', timeout: 30_000, workers: { min: 0, idleTimeout: 1 } })).toMatchObject({ version, timeout: 30_000 });
	await until(async () => (await manage<Workers>('GET', '/workers')).workers.length === 0, { what: 'the idle worker to end by its new time-out', timeoutMs: 20_000 });
}, 60_000);

test('to GPUs of another region moves what waits, loses none, runs none twice and hands over in time', async () => {
	await manage('PATCH', '', { workers: { min: 2, max: 2, idleTimeout: 60 }, gpu: { pools: ['ADA_24'] } });
	await until(async () => (await manage<Releases>('GET', '/releases')).rollout.workersOnLatest === 2, { what: 'two workers', timeoutMs: 60_000 });
	const ids: string[] = [];
	for (let n = 0; n < 12; n++) ids.push(await endpoint.api.run({ sleepMs: 800, n }));
	// The heartbeat that tells of the workers comes a little later than their first jobs.
	await until(
		async () => {
			const { jobs, workers } = await endpoint.api.health();
			return jobs.inProgress === 2 && workers.ready === 2;
		},
		{ what: 'two busy workers' },
	);

	await manage('PATCH', '', { gpu: { pools: ['ADA_48_PRO'] } });
	const ends: Promise<Answer['json'][]> = Promise.all(ids.map((id) => endpoint.api.untilState(id, undefined, 90_000)));
	const rolled = until(async () => (await manage<Releases>('GET', '/releases')).rollout.percentOnLatest === 100, { what: 'the roll to end', timeoutMs: 60_000, everyMs: 200 });
	const seen = await watch(Promise.all([ends, rolled]));
	expect((await ends).map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
	// A job that a host has when it should move stays with it.
	expect(ids.filter((id) => endpoint.starts(id).length !== 1)).toEqual([]);
	// As the regions' heartbeats have it; the list of workers asks each region at a moment of its own, so it may see the one before and the other after the hand-over.
	expect(Math.min(...seen.ready)).toBeGreaterThan(0);
	const { workers } = await manage<Workers>('GET', '/workers');
	expect(workers.map(({ dataCenterId }) => dataCenterId)).toEqual(['US-TX-3', 'US-TX-3']);
}, 180_000);
