/** Vercel's AI SDK with RunPod's own provider, npm `ai` and `@runpod/ai-sdk-provider` unmodified: text, streams, pictures, speech, transcripts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createRunpod } from '@runpod/ai-sdk-provider';
import { APICallError, generateImage, experimental_generateSpeech as generateSpeech, generateText, streamText, experimental_transcribe as transcribe } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const WORKERS = resolve(import.meta.dirname, '../support/workers');
/** The smallest PNG: what is said to be a picture is looked at. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const WAV = Buffer.from('RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1');

let stack: Stack;
let chatUrl: string;
let mediaUrl: string;
let media: Server;
/** Paths of the media that were fetched. */
const fetched: string[] = [];

beforeAll(async () => {
	stack = await startStack();
	media = createServer((request, response) => {
		fetched.push(decodeURIComponent(request.url ?? ''));
		response.end(request.url?.startsWith('/picture') ? PNG : WAV);
	});
	await new Promise<void>((done) => media.listen(0, '127.0.0.1', done));
	const { port } = media.address() as AddressInfo;
	const chat = await stack.deploy({ directory: WORKERS, command: shellCommand(process.execPath, 'openai-worker.ts') });
	const pictures = await stack.deploy({ directory: WORKERS, command: shellCommand(process.execPath, 'media-worker.ts'), env: { MEDIA_URL: `http://127.0.0.1:${port}` } });
	chatUrl = `${stack.url}/v2/${chat}/openai/v1`;
	mediaUrl = `${stack.url}/v2/${pictures}`;
}, 240_000);
afterAll(async () => {
	media?.close();
	await stack?.stop();
}, 60_000);

const providerOf = (baseURL: string, apiKey = stack.apiKey): ReturnType<typeof createRunpod> => createRunpod({ apiKey, baseURL });

describe('text', () => {
	test('generateText', async () => {
		const { text, finishReason } = await generateText({ model: providerOf(chatUrl)('tiny'), prompt: 'one two žluť' });
		expect([text, finishReason]).toEqual(['žluť two one', 'stop']);
	});

	test('streamText, word by word', async () => {
		const { textStream, finishReason } = streamText({ model: providerOf(chatUrl).chatModel('tiny'), prompt: 'eins zwei drei 🦄' });
		const words = [];
		for await (const word of textStream) words.push(word);
		expect([words, await finishReason]).toEqual([['eins', 'zwei', 'drei', '🦄'], 'stop']);
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
		['a wrong key', () => providerOf(chatUrl, 'wrong')('tiny'), 401, 'api key'],
		['an unknown endpoint', () => providerOf(`${stack.url}/v2/nothere/openai/v1`)('tiny'), 404, 'endpoint'],
	])('%s is the SDK’s own error', async (_name, model, statusCode, words) => {
		const error = await generateText({ model: model(), prompt: 'x', maxRetries: 0 }).catch((thrown: unknown) => thrown);
		expect(APICallError.isInstance(error)).toBe(true);
		expect(error).toMatchObject({ statusCode, message: expect.stringContaining(words) });
	});
});

describe('media', () => {
	test('generateImage fetches the picture that the job made', async () => {
		const { image, providerMetadata } = await generateImage({ model: providerOf(mediaUrl).image('test/picture'), prompt: 'a crane', size: '1328x1328' });
		expect([Buffer.from(image.uint8Array), image.mediaType]).toEqual([PNG, 'image/png']);
		expect(fetched).toContain('/picture?a crane');
		expect(providerMetadata['runpod']).toMatchObject({ images: [{ cost: 0.002 }] });
	});

	test('generateImage says why a job failed', async () => {
		const error = await generateImage({ model: providerOf(mediaUrl).image('test/picture'), prompt: 'refused', maxRetries: 0 }).catch((thrown: Error) => thrown);
		expect((error as Error).message).toContain('Image generation failed');
		expect((error as Error).message).toContain('the prompt is not allowed');
	});

	test('generateSpeech', async () => {
		const { audio } = await generateSpeech({ model: providerOf(mediaUrl).speech(mediaUrl), text: 'all aboard', voice: 'lucy' });
		expect(Buffer.from(audio.uint8Array)).toEqual(WAV);
		expect(fetched).toContain('/speech?all aboard');
	});

	test('transcribe, by /run and /status', async () => {
		const { text } = await transcribe({
			model: providerOf(mediaUrl).transcription(mediaUrl),
			audio: Buffer.from('the sea'),
			providerOptions: { runpod: { pollIntervalMillis: 200 } },
		});
		expect(text).toBe('heard the sea');
	});
});
