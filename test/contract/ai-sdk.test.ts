/** Vercel's AI SDK with RunPod's own provider, npm `ai` and `@runpod/ai-sdk-provider` unmodified: every kind of model that the provider makes, held and polled. */
import { resolve } from 'node:path';
import { createRunpod } from '@runpod/ai-sdk-provider';
import {
	APICallError,
	generateImage,
	generateObject,
	experimental_generateSpeech as generateSpeech,
	generateText,
	experimental_generateVideo as generateVideo,
	jsonSchema,
	streamText,
	type ToolSet,
	experimental_transcribe as transcribe,
} from 'ai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import { type Studio, startStudio } from '../support/media-studio.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const WORKERS = resolve(import.meta.dirname, '../support/workers');
/** The smallest PNG: what is said to be a picture is looked at. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const WAV = Buffer.from('RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1');
const FILM = Buffer.from('\0\0\0\x18ftypmp42', 'latin1');

let stack: Stack;
let studio: Studio;
let chatUrl: string;
let mediaId: string;
let mediaUrl: string;
/** Paths of the media that were fetched. */
const fetched: string[] = [];

beforeAll(async () => {
	stack = await startStack();
	studio = await startStudio((path) => {
		fetched.push(path);
		return path.startsWith('/picture') ? PNG : path.startsWith('/film') ? FILM : WAV;
	});
	const chat = await stack.deploy({ directory: WORKERS, command: shellCommand(process.execPath, 'openai-worker.ts') });
	mediaId = await stack.deploy({ directory: WORKERS, command: shellCommand(process.execPath, 'media-worker.ts'), env: { MEDIA_URL: studio.url } });
	chatUrl = `${stack.url}/v2/${chat}/openai/v1`;
	mediaUrl = `${stack.url}/v2/${mediaId}`;
	await stack.api(mediaId).untilReady();
}, 240_000);
afterAll(async () => {
	studio?.close();
	await stack?.stop();
}, 60_000);
afterEach(() => {
	studio.make = () => ({});
});

type Options = NonNullable<Parameters<typeof createRunpod>[0]>;
const providerOf = (baseURL?: string, more: Options = {}): ReturnType<typeof createRunpod> =>
	createRunpod({ apiKey: stack.apiKey, ...(baseURL === undefined ? {} : { baseURL }), ...more });
const thrownBy = (call: PromiseLike<unknown>): Promise<Error> =>
	Promise.resolve(call).then(
		() => new Error('nothing was thrown'),
		(error: Error) => error,
	);
const download = async ({ url }: { url: URL }): Promise<{ data: Uint8Array; mediaType: string | undefined }> => ({
	data: new Uint8Array(await (await fetch(url)).arrayBuffer()),
	mediaType: undefined,
});

/** A job that goes on until the client has asked for its status `polls` times; `asked` are the calls that the client made. */
function heldFor(polls: number, output: () => object): { fetch: typeof fetch; asked: string[] } {
	const asked: string[] = [];
	studio.make = async () => {
		await until(() => asked.filter((call) => call.startsWith('GET /status')).length >= polls, { what: `${polls} looks at the status` });
		return output();
	};
	const watched: typeof fetch = (input, init) => {
		const url = new URL(String(input));
		if (url.pathname.startsWith(`/v2/${mediaId}`)) asked.push(`${init?.method ?? 'GET'} ${url.pathname.slice(`/v2/${mediaId}`.length).replace(/[^/]+-e\d+$/, 'ID')}`);
		// The provider names no `wait`: with this one its call ends before the job does, as RunPod's does after 90 s.
		if (url.pathname.endsWith('/runsync')) url.searchParams.set('wait', '1000');
		return fetch(url, init);
	};
	return { fetch: watched, asked };
}
const polling = { runpod: { pollIntervalMillis: 50 } };

test('the provider makes these kinds of models and no other', () => {
	expect(Object.keys(providerOf()).sort()).toEqual(
		['chatModel', 'completionModel', 'image', 'imageModel', 'languageModel', 'speech', 'speechModel', 'transcription', 'transcriptionModel', 'video', 'videoModel'].sort(),
	);
});

describe('text', () => {
	test.each([
		['the provider itself', () => providerOf(chatUrl)('tiny')],
		['languageModel', () => providerOf(chatUrl).languageModel('tiny')],
		['chatModel, with a slash behind its address', () => providerOf(`${chatUrl}/`).chatModel('tiny')],
	])('generateText by %s', async (_name, model) => {
		const { text, finishReason, usage } = await generateText({ model: model(), prompt: 'one two žluť' });
		expect([text, finishReason, usage.totalTokens]).toEqual(['žluť two one', 'stop', 6]);
	});

	test('streamText, word by word, with its usage at the end', async () => {
		const { textStream, finishReason, usage } = streamText({ model: providerOf(chatUrl).chatModel('tiny'), prompt: 'eins zwei drei 🦄' });
		const words = [];
		for await (const word of textStream) words.push(word);
		expect([words, await finishReason, (await usage).totalTokens]).toEqual([['eins', 'zwei', 'drei', '🦄'], 'stop', 8]);
	});

	test('completions, whole and streamed', async () => {
		const model = providerOf(chatUrl).completionModel('tiny');
		const { text, finishReason, usage } = await generateText({ model, prompt: 'one two' });
		expect([text, finishReason, usage.totalTokens]).toEqual(['assistant: two one user:', 'stop', 8]);
		const words = [];
		for await (const word of streamText({ model, prompt: 'one two' }).textStream) words.push(word);
		expect(words.filter((word) => word !== '')).toEqual(['user:', 'one', 'two', 'assistant:']);
	});

	test('calls of tools, whole and streamed', async () => {
		const inputSchema = jsonSchema({ type: 'object', properties: { words: { type: 'array', items: { type: 'string' } } } });
		// The SDK's types were not made for exact optional members.
		const tools = { sort: { inputSchema } } as unknown as ToolSet;
		const call = { toolName: 'sort', input: { words: ['b', 'a'] } };
		expect((await generateText({ model: providerOf(chatUrl)('tiny'), prompt: 'b a', tools })).toolCalls).toMatchObject([call]);
		expect(await streamText({ model: providerOf(chatUrl)('tiny'), prompt: 'b a', tools }).toolCalls).toMatchObject([call]);
	});

	test('an object, and a picture in a message', async () => {
		const model = providerOf(chatUrl)('tiny');
		expect((await generateObject({ model, prompt: 'a b', output: 'no-schema' })).object).toEqual({ words: ['a', 'b'] });
		const { text } = await generateText({
			model,
			messages: [
				{
					role: 'user',
					content: [
						{ type: 'text', text: 'what is this' },
						{ type: 'image', image: PNG, mediaType: 'image/png' },
					],
				},
			],
		});
		expect(text).toBe(`data:image/png;base64,${PNG.toString('base64')} this is what`);
	});

	test('an abort of a stream ends it', async () => {
		const leaving = new AbortController();
		const { textStream } = streamText({ model: providerOf(chatUrl)('tiny'), prompt: 'a b c', abortSignal: leaving.signal });
		const words = [];
		for await (const word of textStream) {
			words.push(word);
			leaving.abort();
		}
		expect(words[0]).toBe('a');
		expect((await generateText({ model: providerOf(chatUrl)('tiny'), prompt: 'x y' })).text).toBe('y x');
	});

	test.each([
		['an error of the model server', () => providerOf(chatUrl)('refused'), 400, 'bad param'],
		['the same of a completion', () => providerOf(chatUrl).completionModel('refused'), 400, 'bad param'],
		['a wrong key', () => providerOf(chatUrl, { apiKey: 'wrong' })('tiny'), 401, 'api key'],
		['an unknown endpoint', () => providerOf(`${stack.url}/v2/nothere/openai/v1`)('tiny'), 404, 'endpoint'],
	])('%s is the SDK’s own error', async (_name, model, statusCode, words) => {
		const error = await thrownBy(generateText({ model: model(), prompt: 'x', maxRetries: 0 }));
		expect(APICallError.isInstance(error)).toBe(true);
		expect(error).toMatchObject({ statusCode, message: expect.stringContaining(words) });
	});
});

describe('images', () => {
	test.each([
		['image_url', 'image'],
		['result', 'imageModel'],
	] as const)('generateImage fetches the picture that the job names as %s, by %s', async (member, kind) => {
		studio.make = ({ prompt }) => ({ [member]: `${studio.url}/picture?${encodeURIComponent(String(prompt))}`, cost: 0.002 });
		const { image, providerMetadata } = await generateImage({ model: providerOf(mediaUrl)[kind]('test/picture'), prompt: `a crane, ${member}`, size: '1328x1328' });
		expect([Buffer.from(image.uint8Array), image.mediaType]).toEqual([PNG, 'image/png']);
		expect(fetched).toContain(`/picture?a crane, ${member}`);
		expect(studio.inputs.at(-1)).toMatchObject({ prompt: `a crane, ${member}`, size: '1328*1328' });
		expect(providerMetadata['runpod']).toMatchObject({ images: [{ cost: 0.002 }] });
	});

	test('pictures to change arrive at the worker', async () => {
		studio.make = () => ({ image_url: `${studio.url}/picture` });
		await generateImage({ model: providerOf(mediaUrl).image('test/edit'), prompt: { text: 'turn it', images: [PNG, PNG] } });
		const picture = `data:image/png;base64,${PNG.toString('base64')}`;
		expect(studio.inputs.at(-1)).toMatchObject({ prompt: 'turn it', images: [picture, picture] });
	});

	test('a picture that takes longer than its call is asked for until it is there', async () => {
		const { fetch, asked } = heldFor(3, () => ({ image_url: `${studio.url}/picture?late` }));
		const { image, providerMetadata } = await generateImage({
			model: providerOf(mediaUrl, { fetch }).image('google/nano-banana-2-edit'),
			prompt: 'late',
			providerOptions: polling,
		});
		expect(Buffer.from(image.uint8Array)).toEqual(PNG);
		expect(fetched).toContain('/picture?late');
		expect(asked.slice(0, 4)).toEqual(['POST /runsync', 'GET /status/ID', 'GET /status/ID', 'GET /status/ID']);
		expect(providerMetadata['runpod']).toMatchObject({ images: [{ jobId: expect.stringMatching(/^sync-/) }] });
	});

	test('a failure says why, at once and later', async () => {
		const refuse = (): never => {
			throw new Error('the prompt is not allowed');
		};
		studio.make = refuse;
		const model = providerOf(mediaUrl).image('test/picture');
		expect((await thrownBy(generateImage({ model, prompt: 'x', maxRetries: 0 }))).message).toMatch(/^Image generation failed.*the prompt is not allowed/s);
		const { fetch } = heldFor(2, refuse);
		const later = await thrownBy(generateImage({ model: providerOf(mediaUrl, { fetch }).image('test/picture'), prompt: 'x', maxRetries: 0, providerOptions: polling }));
		expect(later.message).toMatch(/^Image generation failed.*the prompt is not allowed/s);
	});

	test('a refusal of the call is the SDK’s own error', async () => {
		const wrongKey = await thrownBy(generateImage({ model: providerOf(mediaUrl, { apiKey: 'wrong' }).image('test/picture'), prompt: 'x', maxRetries: 0 }));
		expect(wrongKey).toMatchObject({ statusCode: 401, message: expect.stringContaining('api key') });
	});
});

describe('speech', () => {
	test.each([
		['speech', () => mediaUrl],
		['speechModel', () => `${mediaUrl}/runsync`],
	] as const)('generateSpeech by %s', async (kind, address) => {
		studio.make = ({ prompt }) => ({ audio_url: `${studio.url}/speech?${encodeURIComponent(String(prompt))}`, cost: 0.001 });
		const { audio, providerMetadata } = await generateSpeech({ model: providerOf()[kind](address()), text: `all\naboard, ${kind}`, voice: 'lucy' });
		expect(Buffer.from(audio.uint8Array)).toEqual(WAV);
		expect(fetched).toContain(`/speech?all aboard, ${kind}`);
		expect(studio.inputs.at(-1)).toEqual({ prompt: `all aboard, ${kind}`, voice: 'lucy' });
		expect(providerMetadata['runpod']).toMatchObject({ cost: 0.001 });
	});

	test('a failure and a refusal say why', async () => {
		studio.make = () => {
			throw new Error('no such voice');
		};
		const say = (model: ReturnType<ReturnType<typeof createRunpod>['speech']>): Promise<Error> => thrownBy(generateSpeech({ model, text: 'x', maxRetries: 0 }));
		expect((await say(providerOf().speech(mediaUrl))).message).toMatch(/^Speech generation failed.*no such voice/s);
		expect((await say(providerOf(undefined, { apiKey: 'wrong' }).speech(mediaUrl))).message).toMatch(/^Runpod speech request failed: .*api key/);
	});
});

describe('transcripts, by /run and /status', () => {
	test.each(['transcription', 'transcriptionModel'] as const)('%s: asked for until the text is there', async (kind) => {
		const segments = [{ text: 'the sea', start: 0.5, end: 1 }];
		const { fetch, asked } = heldFor(3, () => ({ text: 'the sea', segments, language: 'en', duration: 1 }));
		const model = providerOf(undefined, { fetch })[kind](mediaUrl);
		const transcript = await transcribe({ model, audio: WAV, providerOptions: { runpod: { pollIntervalMillis: 50, language: 'en', word_timestamps: true } } });
		expect(transcript).toMatchObject({ text: 'the sea', language: 'en', durationInSeconds: 1, segments: [{ text: 'the sea', startSecond: 0.5, endSecond: 1 }] });
		expect(studio.inputs.at(-1)).toEqual({ audio_base64: WAV.toString('base64'), language: 'en', word_timestamps: true });
		expect(asked.slice(0, 4)).toEqual(['POST /run', 'GET /status/ID', 'GET /status/ID', 'GET /status/ID']);
	});

	test('a failure says why', async () => {
		const { fetch } = heldFor(2, () => {
			throw new Error('that is no sound');
		});
		const error = await thrownBy(transcribe({ model: providerOf(undefined, { fetch }).transcription(mediaUrl), audio: WAV, maxRetries: 0, providerOptions: polling }));
		expect(error.message).toMatch(/^Transcription failed.*that is no sound/s);
	});
});

describe('films, by /run and /status', () => {
	test.each([
		['video', 'video_url', (url: string) => ({ video_url: url })],
		['videoModel', 'result', (url: string) => ({ result: url })],
		['video', 'url', (url: string) => ({ url })],
		['video', 'text', (url: string) => url as unknown as object],
	] as const)('%s: asked for until the job names the film, as %s', async (kind, name, toOutput) => {
		const { fetch, asked } = heldFor(3, () => toOutput(`${studio.url}/film?${name}`));
		const { video, responses } = await generateVideo({
			model: providerOf(undefined, { fetch })[kind](mediaUrl),
			prompt: { text: 'waves', image: PNG },
			...{ duration: 2, fps: 24, seed: 7, resolution: '1280x720', download },
			providerOptions: { runpod: { pollIntervalMillis: 50, style: 'calm' } },
		});
		expect([Buffer.from(video.uint8Array), video.mediaType]).toEqual([FILM, 'video/mp4']);
		expect(fetched).toContain(`/film?${name}`);
		const image = `data:image/png;base64,${PNG.toString('base64')}`;
		expect(studio.inputs.at(-1)).toEqual({ prompt: 'waves', image, duration: 2, fps: 24, seed: 7, size: '1280*720', style: 'calm' });
		expect(asked.slice(0, 4)).toEqual(['POST /run', 'GET /status/ID', 'GET /status/ID', 'GET /status/ID']);
		expect(responses[0]?.providerMetadata?.['runpod']).toEqual({ jobId: expect.stringMatching(/^[0-9a-f-]{36}-e\d+$/) });
	});

	test('several are as many jobs', async () => {
		studio.make = ({ aspect_ratio: ratio }) => ({ video_url: `${studio.url}/film?${String(ratio)}` });
		const { videos } = await generateVideo({ model: providerOf().video(mediaUrl), prompt: 'x', n: 2, aspectRatio: '16:9', download, providerOptions: polling });
		expect(videos.map(({ uint8Array }) => Buffer.from(uint8Array))).toEqual([FILM, FILM]);
	});

	test('a failure says why, and who stops asking can ask again', async () => {
		const failing = heldFor(2, () => {
			throw new Error('the waves are too high');
		});
		const film = (options: Options, more: object): Promise<Error> =>
			thrownBy(generateVideo({ model: providerOf(undefined, options).video(mediaUrl), prompt: 'x', maxRetries: 0, download, ...more }));
		expect((await film(failing, { providerOptions: polling })).message).toMatch(/^Video generation failed.*the waves are too high/s);
		const held = heldFor(3, () => ({ video_url: `${studio.url}/film?kept` }));
		const gaveUp = await film(held, { providerOptions: { runpod: { pollIntervalMillis: 50, maxPollAttempts: 2 } } });
		expect(gaveUp.message).toMatch(/^Video generation timed out after 2 attempts/);
		const { json } = await stack.api(mediaId).call('/requests');
		const [{ id }] = json['requests'] as [{ id: string }];
		await held.fetch(`${mediaUrl}/status/${id}`, { headers: { authorization: stack.apiKey } });
		expect(await stack.api(mediaId).untilState(id)).toMatchObject({ status: 'COMPLETED', output: { video_url: `${studio.url}/film?kept` } });
	});

	test('an abort ends the waiting, not the job', async () => {
		const leaving = new AbortController();
		const { fetch, asked } = heldFor(4, () => ({ video_url: `${studio.url}/film?left` }));
		const left = thrownBy(
			generateVideo({ model: providerOf(undefined, { fetch }).video(mediaUrl), prompt: 'x', maxRetries: 0, abortSignal: leaving.signal, download, providerOptions: polling }),
		);
		await until(() => asked.length > 2, { what: 'the client asks' });
		leaving.abort();
		expect((await left).message).toMatch(/abort/i);
		const { json } = await stack.api(mediaId).call('/requests');
		const [{ id }] = json['requests'] as [{ id: string }];
		asked.push('GET /status/ID', 'GET /status/ID', 'GET /status/ID', 'GET /status/ID');
		expect(await stack.api(mediaId).untilState(id)).toMatchObject({ status: 'COMPLETED' });
	});
});

test('an endpoint’s bare id and its link in RunPod’s console are enough where RunPod’s host is ours', async () => {
	const fetchOurs: typeof fetch = (input, init) => fetch(String(input).replace('https://api.runpod.ai', stack.url), init);
	const provider = providerOf(undefined, { fetch: fetchOurs });
	const link = `https://console.runpod.io/serverless/user/endpoint/${mediaId}`;
	studio.make = () => ({ image_url: `${studio.url}/picture`, audio_url: `${studio.url}/speech`, video_url: `${studio.url}/film`, text: 'the sea' });
	for (const model of [mediaId, link]) {
		expect(Buffer.from((await generateImage({ model: provider.image(model), prompt: 'x' })).image.uint8Array)).toEqual(PNG);
		expect(Buffer.from((await generateSpeech({ model: provider.speech(model), text: 'x' })).audio.uint8Array)).toEqual(WAV);
		expect((await transcribe({ model: provider.transcription(model), audio: WAV, providerOptions: polling })).text).toBe('the sea');
		expect(Buffer.from((await generateVideo({ model: provider.video(model), prompt: 'x', download, providerOptions: polling })).video.uint8Array)).toEqual(FILM);
	}
	const chat = chatUrl.split('/').at(-3) ?? '';
	expect((await generateText({ model: provider.chatModel(chat), prompt: 'a b' })).text).toBe(`b a`);
});
