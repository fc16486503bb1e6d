/** A job's stream as server-sent events: `id: <attempt>.<n>`, then one `end` event with the terminal state. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { holdUntil } from '../../gate/rate-limit.ts';
import type { JobStore } from '../../stores/job-store.ts';
import type { StreamPlace } from '../../stores/job-stream.ts';
import { JOB_ID_HEADER } from './answer.ts';

/** A comment keeps proxies from cutting a silent stream. */
const KEEP_ALIVE_MS = 15_000;
const encoder = new TextEncoder();

/** Ids of its events: attempt and number. */
export const EVENT_ID_PATTERN: RegExp = /^(\d{1,9})\.(\d{1,12})$/;

/** The place behind `Last-Event-ID`, or the start. Throws `invalid_request` for an id that is not one of ours. */
export function placeOf(request: Request): StreamPlace {
	const id = request.headers.get('last-event-id');
	if (id === null || id === '') return { epoch: 0, n: 0 };
	const match = EVENT_ID_PATTERN.exec(id);
	if (match === null) throw new LongshoreError('invalid_request', 'Last-Event-ID must be an id that this stream sent: <attempt>.<number>');
	return { epoch: Number(match[1]), n: Number(match[2]) + 1 };
}

/** The stream from `place` to the job's end. `store` is asked for a new stub each time: one breaks with its object. */
export function eventStream(store: () => DurableObjectStub<JobStore>, jobId: string, place: StreamPlace, ctx: ExecutionContext): Response {
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	const written = writeEvents(store, jobId, place, writable.getWriter());
	ctx.waitUntil(written);
	return holdUntil(new Response(readable, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', [JOB_ID_HEADER]: jobId } }), written);
}

async function writeEvents(store: () => DurableObjectStub<JobStore>, jobId: string, from: StreamPlace, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
	const write = (text: string): Promise<void> => writer.write(encoder.encode(text));
	let place = from;
	try {
		await write(': open\n\n');
		for (;;) {
			const part = await store().followStream(jobId, place, KEEP_ALIVE_MS);
			if (part === null) {
				await write(`event: end\ndata: ${JSON.stringify({ id: jobId, error: 'the job expired' })}\n\n`);
				break;
			}
			const events = part.chunks.map(({ n, text }) => `id: ${part.epoch}.${n}\ndata: {"output":${oneLine(text)}}\n\n`).join('');
			await write(events === '' ? ': waiting\n\n' : events);
			place = { epoch: part.epoch, n: (part.chunks.at(-1)?.n ?? (place.epoch === part.epoch ? place.n : 0) - 1) + 1 };
			if (!part.terminal) continue;
			await write(`event: end\ndata: ${JSON.stringify({ id: jobId, status: part.status, ...(part.error === null ? {} : { error: part.error }) })}\n\n`);
			break;
		}
		await writer.close();
	} catch (error) {
		await writer.abort(error).catch(() => undefined);
	}
}

/** JSON text may hold raw line breaks between its tokens; a data line may not. They are white space there: inside strings they are escaped. */
function oneLine(json: string): string {
	return json.includes('\n') || json.includes('\r') ? json.replaceAll(/[\r\n]/g, ' ') : json;
}
