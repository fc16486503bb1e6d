/** Turns a job's view into RunPod's HTTP answer: always exactly 200, the job id in a header too. */
import { holdUntil } from '../../gate/rate-limit.ts';
import type { JobView } from '../../stores/job-view.ts';

/** Header with the job's id on every answer about a job, sent before the body of a held call. */
export const JOB_ID_HEADER = 'x-longshore-job-id';

const JSON_TYPE = 'application/json';
const encoder = new TextEncoder();
/** White space before a JSON text is legal: it keeps proxies from cutting a held call. */
const KEEP_ALIVE_MS = 15_000;

/** The answer for a job that is known to exist. */
export function jobAnswer(id: string, view: JobView): Response {
	const headers = headersFor(id);
	if (view.output === null) return new Response(view.head + view.tail, { headers });
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	void writeView(writable, view);
	return new Response(readable, { headers });
}

/** An answer whose head leaves at once and whose body follows when `view` is there. The caller has made sure that the job exists. */
export function heldAnswer(id: string, view: Promise<JobView | null>, ctx: ExecutionContext): Response {
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	const held = hold(writable, id, view);
	ctx.waitUntil(held);
	return holdUntil(new Response(readable, { headers: headersFor(id) }), held);
}

async function hold(writable: WritableStream<Uint8Array>, id: string, pending: Promise<JobView | null>): Promise<void> {
	const writer = writable.getWriter();
	const keepAlive = setInterval(() => void writer.write(encoder.encode(' ')).catch(() => clearInterval(keepAlive)), KEEP_ALIVE_MS);
	try {
		await writer.write(encoder.encode(' '));
		const view = await pending;
		clearInterval(keepAlive);
		if (view === null) {
			await writer.write(encoder.encode(JSON.stringify({ id, error: 'the job expired while this call waited' })));
			await writer.close();
			return;
		}
		writer.releaseLock();
		await writeView(writable, view);
	} catch (error) {
		clearInterval(keepAlive);
		await writable.abort(error).catch(() => undefined);
	}
}

async function writeView(writable: WritableStream<Uint8Array>, { head, output, tail }: JobView): Promise<void> {
	const writer = writable.getWriter();
	await writer.write(encoder.encode(output === null ? head + tail : head));
	if (output === null) return writer.close();
	writer.releaseLock();
	await output.pipeTo(writable, { preventClose: true });
	const last = writable.getWriter();
	await last.write(encoder.encode(tail));
	await last.close();
}

function headersFor(id: string): Record<string, string> {
	return { 'content-type': JSON_TYPE, [JOB_ID_HEADER]: id };
}
