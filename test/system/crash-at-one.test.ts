/** An endpoint of no active and at most one worker whose worker dies of its job: the retry does not wait for anybody's next look. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployRaw } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
beforeAll(async () => {
	// Production's timers: a job that only the sweep finds would be found after a minute.
	stack = await startStack();
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

test.each([1, 2, 3])(
	'crash %i: the job starts again on a new worker, and what it waits for meanwhile is told of one region',
	async () => {
		const endpoint = await deployRaw(stack, { workersMin: 0, workersMax: 1 });
		const id = await endpoint.api.run({ crash: 3, crashTimes: 1 });
		const seen: { readonly region: string | null; readonly text: string }[] = [];
		const done = await until(
			async () => {
				const { json } = await endpoint.api.status(id);
				const why = json['why'] as (typeof seen)[number] | undefined;
				if (why !== undefined) seen.push(why);
				return json['status'] === 'COMPLETED' && json;
			},
			{ what: 'the retry ends', timeoutMs: 40_000, everyMs: 100 },
		);
		expect(done).toMatchObject({ retries: 1 });
		expect(endpoint.starts(id).length).toBe(2);
		const named = stack.local().regions.map((region) => region.id);
		for (const { region, text } of seen) expect(named.filter((name) => text.includes(name))).toEqual(region === null || !text.includes(region) ? [] : [region]);
	},
	120_000,
);
