/** A model server's stand-in on our own worker SDK: an async generator that answers OpenAI calls, raw SSE text or one object. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

type Part = { readonly type: 'text'; readonly text: string } | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };
interface Body {
	readonly model: string;
	readonly stream?: boolean;
	readonly stream_options?: { readonly include_usage?: boolean };
	/** Of a chat. */
	readonly messages?: readonly { readonly content: string | readonly Part[] }[];
	readonly tools?: readonly { readonly function: { readonly name: string } }[];
	readonly response_format?: { readonly type: string };
	/** Of a completion. */
	readonly prompt?: string;
}
interface Call {
	readonly openai_route: string;
	readonly openai_input: Body | null;
}

await sleep(Number(process.env['START_LATE_MS'] ?? 0));
startWorker<Call>({ handler: ({ input }) => answer(input), concurrency: 4 });

async function* answer({ openai_route: route, openai_input: body }: Call): AsyncGenerator<unknown> {
	if (body === null) yield { object: 'list', data: [{ id: 'tiny', object: 'model', created: 1_700_000_000, owned_by: route }] };
	else if (body.model === 'refused') throw new Error('vLLM returned HTTP 400: {"error":{"message":"bad param","type":"BadRequestError","param":"n","code":400}}');
	else if (body.stream === true) yield* streamed(body, route === '/v1/completions');
	else yield whole(body, route === '/v1/completions');
}

function whole(body: Body, isCompletion: boolean): object {
	const words = wordsOf(body);
	const usage = usageOf(words);
	const text = body.response_format === undefined ? words.toReversed().join(' ') : JSON.stringify({ words });
	if (isCompletion) return { ...headOf(body), object: 'text_completion', choices: [{ index: 0, text, finish_reason: 'stop' }], usage };
	const tool = body.tools?.[0]?.function.name;
	const message = tool === undefined ? { role: 'assistant', content: text } : { role: 'assistant', content: null, tool_calls: [toolCall(tool, words)] };
	return { ...headOf(body), object: 'chat.completion', choices: [{ index: 0, message, finish_reason: tool === undefined ? 'stop' : 'tool_calls' }], usage };
}

function* streamed(body: Body, isCompletion: boolean): Generator<string> {
	const words = wordsOf(body);
	const event = (choices: readonly object[], more: object = {}): string =>
		`data: ${JSON.stringify({ ...headOf(body), object: isCompletion ? 'text_completion' : 'chat.completion.chunk', choices, ...more })}\n\n`;
	const tool = body.tools?.[0]?.function.name;
	if (tool !== undefined) yield event([{ index: 0, delta: { tool_calls: [{ index: 0, ...toolCall(tool, words) }] }, finish_reason: null }]);
	else for (const word of words) yield event([isCompletion ? { index: 0, text: word, finish_reason: null } : { index: 0, delta: { content: word }, finish_reason: null }]);
	yield event([{ index: 0, ...(isCompletion ? { text: '' } : { delta: {} }), finish_reason: tool === undefined ? 'stop' : 'tool_calls' }]);
	if (body.stream_options?.include_usage === true) yield event([], { usage: usageOf(words) });
	yield 'data: [DONE]\n\n';
}

const headOf = ({ model }: Body): object => ({ id: 'chatcmpl-1', created: 1_700_000_000, model });
const usageOf = ({ length }: readonly string[]): object => ({ prompt_tokens: length, completion_tokens: length, total_tokens: 2 * length });
const toolCall = (name: string, words: readonly string[]): object => ({ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify({ words }) } });

/** Words of the last message or of the prompt; a picture is a word too. */
function wordsOf({ prompt, messages }: Body): string[] {
	const content = prompt ?? messages?.at(-1)?.content ?? '';
	return (typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : part.image_url.url)).join(' '))
		.split(/\s+/)
		.filter((word) => word !== '');
}
