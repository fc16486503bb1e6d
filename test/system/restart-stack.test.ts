/** The stack as a whole: stopped or cut off and started again with jobs queued, and two stacks side by side. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { deployRaw } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { freePort, type Stack, startStack } from '../support/start-stack.ts';

const QUEUED = 20;

describe.each(['stopped', 'cut off'] as const)('a stack that is %s with jobs queued and started again', (how) => {
	const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-')));
	let stack: Stack | undefined;
	afterEach(async () => {
		await stack?.stop();
		rmSync(home, { recursive: true, force: true });
	}, 90_000);

	test('keeps its key, its endpoints and its results, and runs every job', async () => {
		const port = await freePort();
		const first = await startStack({ home, port, env: SHORT_TIMERS });
		stack = first;
		const endpoint = await deployRaw(first);
		await endpoint.api.untilReady();
		const done = await endpoint.api.runSync({ n: 'before' });
		const blocker = await endpoint.api.run({ sleepMs: 600_000 });
		await endpoint.api.untilState(blocker, ['IN_PROGRESS']);
		const queued: string[] = [];
		for (let n = 0; n < QUEUED; n++) queued.push(await endpoint.api.run({ n }));

		await (how === 'stopped' ? first.stop() : first.kill());
		const second = await startStack({ home, port, env: SHORT_TIMERS });
		stack = second;

		expect(second.url).toBe(first.url);
		expect(second.apiKey).toBe(first.apiKey);
		const api = second.api(endpoint.id);
		expect((await api.status(String(done['id']))).json).toEqual(done);
		await api.cancel(blocker);
		for (const [n, id] of queued.entries()) expect(await api.untilState(id, undefined, 90_000)).toMatchObject({ status: 'COMPLETED', output: { raw: { n } } });
		expect(await api.untilState(blocker)).toMatchObject({ status: 'CANCELLED' });
	}, 300_000);
});

describe('two stacks side by side', () => {
	let one: Stack | undefined;
	let other: Stack | undefined;
	beforeAll(async () => {
		one = await startStack({ env: SHORT_TIMERS });
		other = await startStack({ env: SHORT_TIMERS });
	}, 300_000);
	afterAll(async () => {
		await Promise.allSettled([one?.stop(), other?.stop()]);
	}, 90_000);

	test('know nothing of each other, and stopping one leaves the other at work', async () => {
		if (one === undefined || other === undefined) throw new Error('a stack did not start');
		const [here, there] = [await deployRaw(one), await deployRaw(other)];
		await Promise.all([here.api.untilReady(), there.api.untilReady()]);
		expect(await here.api.runSync({ n: 1 })).toMatchObject({ status: 'COMPLETED' });
		expect(await there.api.runSync({ n: 2 })).toMatchObject({ status: 'COMPLETED' });
		expect(await other.api(here.id).call('/health')).toMatchObject({ status: 404 });
		expect(await one.api(here.id, other.apiKey).call('/health')).toMatchObject({ status: 401 });

		const stopped = one;
		one = undefined;
		await stopped.stop(); // Throws when a process of it is left.
		await expect(fetch(stopped.url)).rejects.toThrow();
		expect(await there.api.runSync({ n: 3 })).toMatchObject({ status: 'COMPLETED' });
	}, 120_000);
});
