/** The answer of a call that streams: the worker's own event text passed through as it comes. */
import type { OpenAiFault } from '../../core/openai-error.ts';
import { endsEvent } from '../../core/openai-output.ts';
import { type Env, settingsOf } from '../../env.ts';
import { holdUntil } from '../../gate/rate-limit.ts';
import { faultText, headersOf } from './fault.ts';
import type { HeldCall } from './held-call.ts';
import { createYields, type Yielded, type Yields } from './yields.ts';

const KEEP_ALIVE = ': waiting\n\n';

/** The head waits for the first text, so that an error before it is a real one; after a while it leaves with a comment. */
export async function streamAnswer(env: Env, call: HeldCall): Promise<Response | OpenAiFault> {
	const settings = settingsOf(env);
	const yields = createYields(call);
	const until = Date.now() + settings.LONGSHORE_OPENAI_STREAM_HOLD_MS;
	let first: Yielded;
	do {
		first = await yields.next(Math.max(1, until - Date.now()));
		if (first.fault !== null && first.text === '') {
			call.end();
			return first.fault;
		}
	} while (first.text === '' && !first.isEnd && Date.now() < until);
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	const written = writeEvents(call, yields, first, writable.getWriter(), settings.LONGSHORE_OPENAI_KEEP_ALIVE_MS);
	call.ctx.waitUntil(written);
	const headers = { ...headersOf(call.jobId, 'text/event-stream; charset=utf-8'), 'cache-control': 'no-cache' };
	return holdUntil(new Response(readable, { headers }), written);
}

async function writeEvents(call: HeldCall, yields: Yields, first: Yielded, writer: WritableStreamDefaultWriter<Uint8Array>, keepAliveMs: number): Promise<void> {
	/** A chunk may hold a part of an event: a comment may only stand between two. */
	let isBetweenEvents = true;
	const write = (text: string): Promise<unknown> => {
		isBetweenEvents = endsEvent(text);
		return call.write(writer, text);
	};
	try {
		for (let part: Yielded | 'left' = first; ; part = await Promise.race([yields.next(keepAliveMs), call.left])) {
			if (part === 'left') return;
			if (part.isEnd) call.end();
			const text = part.text === '' && !part.isEnd && isBetweenEvents ? KEEP_ALIVE : part.text;
			if (text !== '' && (await write(text)) === 'left') return;
			if (part.fault !== null) await write(`${isBetweenEvents ? '' : '\n\n'}data: ${faultText(part.fault)}\n\n`);
			if (!part.isEnd) continue;
			await Promise.race([writer.close(), call.left]);
			return;
		}
	} catch (error) {
		await writer.abort(error).catch(() => undefined);
	}
}
