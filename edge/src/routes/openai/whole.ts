/** The answer of a call that does not stream: held until the job's end, its one value bare. */
import { faultOfEnding, type OpenAiFault, serverFault, timeoutFault } from '../../core/openai-error.ts';
import { type OpenAiBody, outputElements, toOpenAiBody } from '../../core/openai-output.ts';
import { type Env, settingsOf } from '../../env.ts';
import { holdUntil } from '../../gate/rate-limit.ts';
import type { JobOutcome } from '../../stores/job-outcome.ts';
import { faultText, headersOf } from './fault.ts';
import type { HeldCall } from './held-call.ts';

/** The answer with its real status when the job ends soon; else the head leaves and the body follows, as white space until then. */
export async function wholeAnswer(env: Env, call: HeldCall): Promise<Response | OpenAiFault | 'expired'> {
	const since = Date.now();
	const settings = settingsOf(env);
	const early = await call.store().waitForOutcome(call.jobId, settings.LONGSHORE_OPENAI_HOLD_MS);
	if (early === null) return 'expired';
	if (early.terminal) {
		call.end();
		const body = await bodyOf(call, early);
		return 'status' in body ? body : new Response(body.text, { headers: headersOf(call.jobId, body.type) });
	}
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	const written = writeLate(call, writable.getWriter(), since + settings.LONGSHORE_OPENAI_CALL_MS, settings.LONGSHORE_OPENAI_KEEP_ALIVE_MS);
	call.ctx.waitUntil(written);
	return holdUntil(new Response(readable, { headers: headersOf(call.jobId, 'application/json') }), written);
}

/** The body of an ended job: what it returned, or what it yielded when it returns no list of that. */
export async function bodyOf(call: HeldCall, outcome: JobOutcome): Promise<OpenAiBody | OpenAiFault> {
	if (outcome.status !== 'COMPLETED') return faultOfEnding(outcome.status, outcome.error);
	const output = typeof outcome.output === 'string' || outcome.output === null ? outcome.output : await new Response(outcome.output).text();
	const body = output === null ? null : toOpenAiBody(outputElements(output));
	return body ?? toOpenAiBody(await yieldsOf(call)) ?? serverFault('the worker ended the job without an output');
}

async function yieldsOf({ store, jobId }: HeldCall): Promise<string[]> {
	const texts: string[] = [];
	for (;;) {
		const part = await store().followStream(jobId, { epoch: 0, n: texts.length }, 1);
		if (part === null) return [];
		texts.push(...part.chunks.map(({ text }) => text));
		if (part.terminal || part.chunks.length === 0) return texts;
	}
}

async function writeLate(call: HeldCall, writer: WritableStreamDefaultWriter<Uint8Array>, until: number, keepAliveMs: number): Promise<void> {
	try {
		for (;;) {
			if ((await call.write(writer, ' ')) === 'left') return;
			const outcome = await Promise.race([call.store().waitForOutcome(call.jobId, Math.max(1, Math.min(keepAliveMs, until - Date.now()))), call.left]);
			if (outcome === 'left') return;
			const text = await textOf(call, outcome, until);
			if (text === null) continue;
			call.end();
			await call.write(writer, text);
			await Promise.race([writer.close(), call.left]);
			return;
		}
	} catch (error) {
		await writer.abort(error).catch(() => undefined);
	}
}

/** The body's text once there is one. The status has left: an error can only be the body. */
async function textOf(call: HeldCall, outcome: JobOutcome | null, until: number): Promise<string | null> {
	if (outcome === null) return faultText(serverFault('the job expired while this call waited'));
	if (outcome.terminal) {
		const body = await bodyOf(call, outcome);
		return 'status' in body ? faultText(body) : body.text;
	}
	if (Date.now() < until) return null;
	return faultText(timeoutFault(`job ${call.jobId} has not ended yet: it goes on, and its result can be read at …/status/${call.jobId}`));
}
