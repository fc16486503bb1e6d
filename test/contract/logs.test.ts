/** What workers print, through the edge's door: live, for the last hours, and by job. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCli } from '../infra/cli/support/run-cli.ts';
import { type DeploySpec, shellCommand } from '../support/deploy.ts';
import { readEvents, type ServerEvent } from '../support/event-source.ts';
import type { JobApi } from '../support/job-api.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

interface Line {
	readonly ts: string;
	readonly source: 'container' | 'system';
	readonly workerId: string;
	readonly jobId?: string;
	readonly line: string;
}

let stack: Stack;
let alone: { id: string; api: JobApi };
let shared: { id: string; api: JobApi };

beforeAll(async () => {
	stack = await startStack();
	[alone, shared] = await Promise.all([deployChatty({}), deployChatty({ env: { CONCURRENCY: '2' } })]);
	await Promise.all([alone.api.untilReady(), shared.api.untilReady()]);
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

async function deployChatty(spec: Partial<DeploySpec>): Promise<{ id: string; api: JobApi }> {
	const id = await stack.deploy({
		directory: resolve(import.meta.dirname, '../support/workers'),
		command: shellCommand(process.execPath, 'chatty-worker.ts'),
		workersMin: 1,
		workersMax: 1,
		...spec,
	});
	return { id, api: stack.api(id) };
}

const manage = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
	fetch(`${stack.url}/v2/serverless/${path}`, { headers: { authorization: `Bearer ${stack.apiKey}`, ...headers }, signal: AbortSignal.timeout(30_000) });
const page = async (path: string): Promise<Line[]> => {
	const answer = await manage(path, { accept: 'application/json' });
	expect(answer.status).toBe(200);
	return ((await answer.json()) as { lines: Line[] }).lines;
};
const jobLines = async (api: JobApi, jobId: string): Promise<string[]> => ((await api.call(`/logs/${jobId}`)).json['lines'] as Line[]).map(({ line }) => line);
const workerOf = async (id: string): Promise<string> => {
	const { workers } = (await (await manage(`${id}/workers`)).json()) as { workers: { id: string }[] };
	return workers[0]?.id ?? '';
};
const texts = (events: readonly ServerEvent[]): string[] => events.filter(({ event }) => event === 'message').map(({ data }) => (JSON.parse(data) as Line).line);

/** Events until `enough` of them are there, or the stream ends. */
async function events(response: Response, enough: (events: ServerEvent[]) => boolean = () => false): Promise<ServerEvent[]> {
	const seen: ServerEvent[] = [];
	for await (const event of readEvents(response.body as ReadableStream<Uint8Array>)) {
		seen.push(event);
		if (enough(seen)) break;
	}
	return seen;
}

describe('the log of a worker', () => {
	test('has what it printed and what its host says of it, with times that rise', async () => {
		await alone.api.runSync({ say: ['first words'] });
		const workerId = await workerOf(alone.id);
		const lines = await until(
			async () => (await page(`${alone.id}/workers/${workerId}/logs`)).find(({ line }) => line === 'first words') && page(`${alone.id}/workers/${workerId}/logs`),
			{
				what: 'the line is in the log',
			},
		);
		expect(lines.find(({ source }) => source === 'system')?.line).toMatch(/^starting version 1 on /);
		expect(lines.find(({ line }) => line === 'first words')).toMatchObject({ source: 'container', workerId });
		const times = lines.map(({ ts }) => ts);
		expect(times).toEqual([...new Set(times)].sort());
		expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
	});

	test('is followed live, and goes on behind the last line that was seen', async () => {
		const workerId = await workerOf(alone.id);
		const path = `${alone.id}/workers/${workerId}/logs`;
		const response = await manage(`${path}?since=${new Date().toISOString()}&source=container`);
		expect(response.headers.get('content-type')).toBe('text/event-stream');
		const following = events(response, (seen) => seen.length === 3);
		await alone.api.run({ say: ['one', 'two', 'three', 'four'], everyMs: 50 });
		const seen = await following;
		expect(texts(seen)).toEqual(['one', 'two', 'three']);
		const resumed = await events(await manage(path, { 'last-event-id': seen[1]?.id ?? '' }), (more) => texts(more).includes('four'));
		expect(texts(resumed)).toEqual(['three', 'four']);
	});

	test('ends with the worker, and stays readable when it is gone', async () => {
		const short = await deployChatty({ workersMin: 0, idleTimeoutS: 1 });
		const job = await short.api.run({ say: ['only once'] });
		const workerId = await until(async () => (await workerOf(short.id)) || undefined, { what: 'a worker starts' });
		await short.api.untilState(job);
		const seen = await events(await manage(`${short.id}/workers/${workerId}/logs`));
		expect(seen.at(-1)?.event).toBe('end');
		expect(texts(seen)).toContain('only once');
		expect(texts(seen).at(-1)).toMatch(/^exited/);
		expect((await page(`${short.id}/workers/${workerId}/logs?tail=1`)).map(({ line }) => line)).toEqual([texts(seen).at(-1)]);
		expect((await page(`${short.id}/logs`)).map(({ line }) => line)).toContain('only once');
	});

	test('is nobody else’s: another endpoint’s worker and a made-up one are the same 404', async () => {
		const workerId = await workerOf(alone.id);
		const answers = await Promise.all([manage(`${shared.id}/workers/${workerId}/logs`), manage(`${shared.id}/workers/no-such-worker/logs`)]);
		expect(answers.map(({ status }) => status)).toEqual([404, 404]);
		const bodies = await Promise.all(answers.map((answer) => answer.text()));
		expect(bodies[0]).toBe(bodies[1]);
	});

	test.each([
		['tail=0', 'tail must be an integer'],
		['tail=5001', '5000'],
		['since=yesterday', 'since must be a time in UTC'],
		['source=gpu', 'source must be container or system'],
	])('refuses %s and says what it takes', async (query, words) => {
		const answer = await manage(`${alone.id}/logs?${query}`);
		expect(answer.status).toBe(400);
		expect(await answer.text()).toContain(words);
	});
});

describe('the log of a job', () => {
	test('has every line of a worker that had no other job', async () => {
		const { id } = (await alone.api.runSync({ say: ['mine', 'mine too'] })) as { id: string };
		await until(async () => (await jobLines(alone.api, id)).length === 2, { what: 'both lines' });
		expect(await jobLines(alone.api, id)).toEqual(['mine', 'mine too']);
	});

	test('has the lines that name it, where several jobs share a worker', async () => {
		const [a, b] = await Promise.all(
			['a', 'b'].map(async (name) => {
				const job = await shared.api.run({ say: [`${name} 1`, `${name} 2`], everyMs: 100, named: true });
				await shared.api.untilState(job);
				return job;
			}),
		);
		for (const [job, name] of [
			[a, 'a'],
			[b, 'b'],
		] as const) {
			const lines = await until(async () => ((await jobLines(shared.api, job ?? '')).length >= 2 ? jobLines(shared.api, job ?? '') : undefined), { what: `lines of ${name}` });
			expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([`${name} 1`, `${name} 2`]);
		}
	});

	test('is followed to the end of the job', async () => {
		const id = await alone.api.run({ say: ['begin', 'middle', 'end of it'], everyMs: 100 });
		const response = await fetch(`${alone.api.base}/logs/${id}`, {
			headers: { authorization: `Bearer ${stack.apiKey}`, accept: 'text/event-stream' },
			signal: AbortSignal.timeout(30_000),
		});
		const seen = await events(response);
		expect(texts(seen)).toEqual(['begin', 'middle', 'end of it']);
		expect(seen.at(-1)?.event).toBe('end');
	});

	test('is unknown like its job', async () => {
		expect((await alone.api.call('/logs/no-such-job')).status).toBe(404);
	});
});

describe('the command line', () => {
	test('prints the lines of a job to its end, and of an endpoint', async () => {
		const cli = createCli({ LONGSHORE_HOME: stack.home });
		const id = await alone.api.run({ say: ['by command', 'and once more'], everyMs: 200 });
		const followed = await cli.run(['logs', alone.id, id, '-f']);
		expect(followed).toMatchObject({ code: 0 });
		expect(followed.stdout.split('\n').map((line) => line.split(' ').slice(2).join(' '))).toEqual(['by command', 'and once more', '']);
		const whole = await cli.run(['endpoint', 'logs', alone.id, '--since', '10m', '--source', 'container', '-o', 'json']);
		const lines = whole.stdout
			.trim()
			.split('\n')
			.map((line) => (JSON.parse(line) as Line).line);
		expect(lines).toEqual(expect.arrayContaining(['first words', 'by command', 'and once more']));
		const refused = await cli.run(['endpoint', 'logs', alone.id, '--tail', 'all']);
		expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('tail must be an integer')]);
		cli.remove();
	});
});
