/**
 * Reading what workers print: edge → region (`POST` on `REGION_PATHS.logs`) → hosts (`logsSubject(host)`), one page a request, held
 * open while there is nothing new. Nobody on the way keeps a place: the stamp of the last line is all that a reader needs to go on.
 */
import * as z from 'zod';
import { ID_PATTERN, LOG_LINE_CHARS_MAX, LOG_PAGE_LINES_MAX, LOG_TAIL, LOG_WAIT_MS_MAX } from '../limits.ts';

const id = z.string().regex(ID_PATTERN);

/** `container`: what the worker wrote. `system`: what its host says of it (started, ending, exited). */
export const logSource = z.enum(['container', 'system']);
export type LogSource = z.infer<typeof logSource>;

/** Microseconds since 1970, rising by at least one from line to line of a host: the place of a line and its time in one. */
export const logStamp = z.int().min(0);

export const logLine = z.object({
	at: logStamp,
	workerId: id,
	source: logSource,
	/** The job that the line names, or the only one that its worker had in hand. */
	jobId: z.string().max(80).optional(),
	/** Longer ones are cut where they are written; the mark of the cut comes on top. */
	line: z.string().max(LOG_LINE_CHARS_MAX + 100),
});
export type LogLine = z.infer<typeof logLine>;

/** Lines of an endpoint: of all its workers, of one, of one job. */
export const logQuery = z.object({
	endpointId: id,
	workerId: id.optional(),
	jobId: z.string().max(80).optional(),
	source: logSource.optional(),
	/** Only lines behind this stamp. */
	after: logStamp,
	/** Only the newest so many of them. */
	tail: z.int().min(1).max(LOG_TAIL.max).optional(),
	limit: z.int().min(1).max(LOG_PAGE_LINES_MAX),
	/** How long to wait for a first line; 0: not at all. */
	waitMs: z.int().min(0).max(LOG_WAIT_MS_MAX),
});
export type LogQuery = z.infer<typeof logQuery>;

/** One page. `known`: there is a log that the query means. `more`: lines were left for the next page. `open`: a worker that it means still runs. */
export const logPage = z.object({ known: z.boolean(), lines: z.array(logLine).max(LOG_PAGE_LINES_MAX), more: z.boolean(), open: z.boolean() });
export type LogPage = z.infer<typeof logPage>;

/** A region's page; `silent`: hosts that did not answer, so that lines may be missing. */
export const regionLogPage = logPage.extend({ silent: z.array(id) });
export type RegionLogPage = z.infer<typeof regionLogPage>;

/** The newest `count` lines of a page that leaves none behind; one that does is the beginning of a tail that others continue. */
export function newestOf(page: LogPage, count: number | undefined): LogPage {
	return page.more || count === undefined ? page : { ...page, lines: page.lines.slice(-count) };
}

/** Pages of several hosts as one, in the order of their stamps. Of hosts that left lines behind none may be passed over, so the page ends where the first of them does. */
export function mergePages(pages: readonly LogPage[], limit: number): LogPage {
	const until = Math.min(...pages.filter(({ more }) => more).map(({ lines }) => lines.at(-1)?.at ?? Number.POSITIVE_INFINITY));
	const all = pages.flatMap(({ lines }) => lines).sort((a, b) => a.at - b.at);
	const lines = all.filter(({ at }) => at <= until).slice(0, limit);
	return { known: pages.some(({ known }) => known), lines, more: lines.length < all.length || pages.some(({ more }) => more), open: pages.some(({ open }) => open) };
}
