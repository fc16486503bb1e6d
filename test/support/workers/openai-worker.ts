/** A model server's stand-in on our own worker SDK: an async generator that answers OpenAI calls, raw SSE text or one object. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

interface Call {
	readonly openai_route: string;
	readonly openai_input: { readonly model: string; readonly stream?: boolean; readonly messages: readonly { readonly content: string }[] } | null;
}

await sleep(Number(process.env['START_LATE_MS'] ?? 0));
startWorker<Call>({ handler: ({ input }) => answer(input), concurrency: 4 });

async function* answer({ openai_route: route, openai_input: body }: Call): AsyncGenerator<unknown> {
	const head = { id: 'chatcmpl-1', created: 1_700_000_000, model: body?.model ?? 'tiny' };
	if (body === null) yield { object: 'list', data: [{ id: 'tiny', object: 'model', created: 1_700_000_000, owned_by: route }] };
	else if (body.model === 'refused') throw new Error('vLLM returned HTTP 400: {"error":{"message":"bad param","type":"BadRequestError","param":"n","code":400}}');
	else if (body.stream === true) {
		for (const word of words(body))
			yield `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: word }, finish_reason: null }] })}\n\n`;
		yield `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`;
		yield 'data: [DONE]\n\n';
	} else yield { ...head, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: words(body).reverse().join(' ') }, finish_reason: 'stop' }] };
}

function words(body: NonNullable<Call['openai_input']>): string[] {
	return body.messages.at(-1)?.content.split(' ') ?? [];
}
