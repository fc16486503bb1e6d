/** OpenAI's own JavaScript client, npm `openai` unmodified, against a worker that behaves as worker-vllm, on RunPod's Python SDK and on ours. */
import { resolve } from 'node:path';
import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import type { JobApi } from '../support/job-api.ts';
import { ensurePython } from '../support/python.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const JOB_ID = 'x-longshore-job-id';

let stack: Stack;
let python: string;

beforeAll(async () => {
	[python, stack] = await Promise.all([ensurePython(), startStack({ env: { LONGSHORE_OPENAI_STREAM_HOLD_MS: '1000', LONGSHORE_OPENAI_KEEP_ALIVE_MS: '200' } })]);
}, 400_000);
afterAll(() => stack?.stop(), 60_000);

const clientOf = (endpointId: string, apiKey = stack.apiKey): OpenAI => new OpenAI({ apiKey, baseURL: `${stack.url}/v2/${endpointId}/openai/v1`, maxRetries: 0 });
const say = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }];
const refusal = (call: PromiseLike<unknown>): Promise<unknown> =>
	Promise.resolve(call).then(
		() => 'no error',
		(error: unknown) => error,
	);

describe('a worker on RunPod’s Python SDK', () => {
	let api: JobApi;
	let client: OpenAI;
	beforeAll(async () => {
		const id = await stack.deploy({ directory: resolve(import.meta.dirname, 'python'), command: shellCommand(python, '-u', 'handler_vllm.py') });
		api = stack.api(id);
		client = clientOf(id);
		await api.untilReady();
	}, 120_000);

	test('completes a chat', async () => {
		const { data, response, request_id } = await client.chat.completions.create({ model: 'tiny', messages: say('one two žluť') }).withResponse();
		expect(data.choices[0]?.message.content).toBe('žluť two one');
		expect(data.usage?.total_tokens).toBe(6);
		expect(request_id).toBe(response.headers.get(JOB_ID));
		expect((await api.status(String(request_id))).json['status']).toBe('COMPLETED');
	});

	test('streams a chat, its first words before the job ends', async () => {
		const { data: events, response } = await client.chat.completions
			.create({ model: 'tiny', messages: say('eins zwei drei vier žluť 🦄'), stream: true, stream_options: { include_usage: true } })
			.withResponse();
		const jobId = String(response.headers.get(JOB_ID));
		const words: string[] = [];
		const states: unknown[] = [];
		let usage = 0;
		for await (const event of events) {
			const word = event.choices[0]?.delta.content;
			if (typeof word === 'string') words.push(word);
			if (words.length === 1 && states.length === 0) states.push((await api.status(jobId)).json['status']);
			usage = event.usage?.total_tokens ?? usage;
		}
		expect([words, states, usage]).toEqual([['eins', 'zwei', 'drei', 'vier', 'žluť', '🦄'], ['IN_PROGRESS'], 6]);
		expect(await api.untilState(jobId)).toMatchObject({ status: 'COMPLETED' });
	});

	test('lists models', async () => {
		const models = [];
		for await (const model of client.models.list()) models.push(model.id);
		expect(models).toEqual(['tiny']);
	});

	test('embeds', async () => {
		const { data } = await client.embeddings.create({ model: 'tiny', input: ['abc', 'abcdef'] });
		expect(data.map(({ embedding }) => Array.from(embedding))).toEqual([
			[3, 0.5, -1],
			[6, 0.5, -1],
		]);
		const floats = await client.embeddings.create({ model: 'tiny', input: 'abcd', encoding_format: 'float' });
		expect(floats.data[0]?.embedding).toEqual([4, 0.5, -1]);
	});

	test.each([false, true])('says an error of the model server as the client’s own error (stream: %s)', async (stream) => {
		const bad = await refusal(client.chat.completions.create({ model: 'tiny', messages: say('x'), max_tokens: 0, stream }));
		expect(bad).toBeInstanceOf(BadRequestError);
		expect(bad).toMatchObject({ status: 400, code: 400, param: 'max_tokens', type: 'BadRequestError', message: expect.stringContaining('it\'s "0"') });
		const missing = await refusal(client.chat.completions.create({ model: 'missing', messages: say('x'), stream }));
		expect(missing).toBeInstanceOf(NotFoundError);
		expect(missing).toMatchObject({ status: 404, message: expect.stringContaining("doesn't exist") });
	});

	test('says an unknown path as 404', async () => {
		expect(await refusal(client.moderations.create({ input: 'x' }))).toMatchObject({ status: 404, message: expect.stringContaining('Not Found') });
	});

	test('is stopped when the client aborts a stream', async () => {
		const { data: events, response } = await client.chat.completions.create({ model: 'tiny', messages: say('forever and ever'), stream: true }).withResponse();
		const jobId = String(response.headers.get(JOB_ID));
		await api.untilState(jobId, ['IN_PROGRESS']);
		events.controller.abort();
		expect(await api.untilState(jobId)).toMatchObject({ status: 'CANCELLED' });
		expect((await client.chat.completions.create({ model: 'tiny', messages: say('a b') })).choices[0]?.message.content).toBe('b a');
	});
});

describe('a worker on our own SDK', () => {
	const command = shellCommand(process.execPath, 'openai-worker.ts');
	const directory = resolve(import.meta.dirname, '../support/workers');
	const wordsOf = async (events: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<(string | null | undefined)[]> => {
		const words = [];
		for await (const event of events) if (event.choices[0]?.finish_reason === null) words.push(event.choices[0].delta.content);
		return words;
	};

	test('completes, streams, lists and refuses', async () => {
		const client = clientOf(await stack.deploy({ directory, command }));
		expect((await client.chat.completions.create({ model: 'tiny', messages: say('a b c') })).choices[0]?.message.content).toBe('c b a');
		expect(await wordsOf(await client.chat.completions.create({ model: 'tiny', messages: say('a b c'), stream: true }))).toEqual(['a', 'b', 'c']);
		expect((await client.models.list()).data[0]).toMatchObject({ id: 'tiny', owned_by: '/v1/models' });
		for (const stream of [false, true]) {
			const error = await refusal(client.chat.completions.create({ model: 'refused', messages: say('x'), stream }));
			expect(error).toBeInstanceOf(BadRequestError);
			expect(error).toMatchObject({ message: '400 bad param', param: 'n' });
		}
	});

	test('that starts cold keeps its caller’s stream alive with comments until it answers', async () => {
		const id = await stack.deploy({ directory, command, workersMin: 0, workersMax: 1, env: { START_LATE_MS: '2500' } });
		const seen: string[] = [];
		const client = new OpenAI({
			apiKey: stack.apiKey,
			baseURL: `${stack.url}/v2/${id}/openai/v1`,
			maxRetries: 0,
			fetch: async (url, init) => {
				const response = await fetch(url, init);
				const [read, watched] = (response.body as ReadableStream<Uint8Array>).tee();
				void new Response(watched).text().then((text) => seen.push(text));
				return new Response(read, response);
			},
		});
		expect(await wordsOf(await client.chat.completions.create({ model: 'tiny', messages: say('cold but here'), stream: true }))).toEqual(['cold', 'but', 'here']);
		await expect.poll(() => seen.length).toBe(1);
		expect(seen[0]).toMatch(/^(: waiting\n\n)+data: /);
	});
});

test('a wrong key and an unknown endpoint are the client’s own errors', async () => {
	expect(await refusal(clientOf('nothere').models.list())).toBeInstanceOf(NotFoundError);
	const unknown = await refusal(clientOf('nothere', 'sk-wrong').models.list());
	expect(unknown).toBeInstanceOf(AuthenticationError);
	expect(unknown).toBeInstanceOf(APIError);
	expect(unknown).toMatchObject({ code: 'invalid_api_key' });
});
