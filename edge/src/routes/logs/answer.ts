/** Logs as an answer: a page of JSON, or server-sent events that follow what workers print until there can be no more. */

import type { LogLineV2, LogPageV2 } from '@longshore/shared-schema/wire/log-answers';
import type { LogLine, RegionLogPage } from '@longshore/shared-schema/wire/logs';
import type { Env } from '../../env.ts';
import { awaitLogs, type LogWish, readLogs } from '../../regions/region-logs.ts';
import { placeOf } from './wish.ts';

/** Pause between looks where no worker runs that could be waited for. */
const QUIET_MS = 2_000;
/** At least this far apart, a comment keeps proxies from cutting a silent stream and shows whether the reader is still there. */
const KEEP_ALIVE_MS = 15_000;
const encoder = new TextEncoder();

/** Whether nothing can follow this page. */
export type IsOver = (page: RegionLogPage) => boolean | Promise<boolean>;

/** Whether the reader asked for events rather than a page. `byDefault`: what the route gives who says nothing. */
export function wantsEvents(request: Request, byDefault: boolean): boolean {
	const accept = request.headers.get('accept') ?? '';
	if (accept.includes('text/event-stream')) return true;
	return byDefault && !accept.includes('application/json');
}

/** One page as JSON. */
export function pageAnswer(page: RegionLogPage): Response {
	return Response.json({ lines: page.lines.map(toLine), more: page.more, silent: page.silent } satisfies LogPageV2, { headers: { 'cache-control': 'no-store' } });
}

/** Follows the logs from `first` on, which has been read already. */
export function followAnswer(env: Env, wish: LogWish, first: RegionLogPage, isOver: IsOver, ctx: ExecutionContext): { response: Response; written: Promise<void> } {
	const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
	const written = follow(env, wish, first, isOver, writable.getWriter());
	ctx.waitUntil(written);
	return { response: new Response(readable, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } }), written };
}

async function follow(env: Env, from: LogWish, first: RegionLogPage, isOver: IsOver, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
	let { tail: _, ...wish } = from;
	try {
		await writer.write(encoder.encode(': open\n\n'));
		let over = false;
		for (let page = first; ; page = await readLogs(env, wish)) {
			const { lines } = page;
			await writer.write(encoder.encode(lines.length === 0 ? ': waiting\n\n' : lines.map(toEvent).join('')));
			wish = { ...wish, after: lines.at(-1)?.at ?? wish.after };
			if (page.more || lines.length > 0) continue;
			if (over) break;
			// One more look: a line may have come between the last one and this answer.
			over = await isOver(page);
			if (!over) await (page.open ? Promise.race([awaitLogs(env, wish), pause(KEEP_ALIVE_MS)]) : pause(QUIET_MS));
		}
		await writer.write(encoder.encode('event: end\ndata: {}\n\n'));
		await writer.close();
	} catch (error) {
		await writer.abort(error).catch(() => undefined);
	}
}

function toLine({ at, workerId, source, jobId, line }: LogLine): LogLineV2 {
	return { ts: placeOf(at), source, workerId, ...(jobId === undefined ? {} : { jobId }), line };
}

function toEvent(line: LogLine): string {
	return `id: ${placeOf(line.at)}\ndata: ${JSON.stringify(toLine(line))}\n\n`;
}

function pause(durationMs: number): Promise<void> {
	return scheduler.wait(durationMs);
}
