/** One line of a worker's log as its file holds it, and which job it belongs to. Pure. */
import { LOG_LINE_CHARS_MAX } from '@longshore/shared-schema/limits';
import type { LogLine, LogQuery } from '@longshore/shared-schema/wire/logs';

/** Where a line came from: a stream of the worker, or its host. */
export type LogOrigin = 'stdout' | 'stderr' | 'system';

export interface LogEntry {
	/** Microseconds since 1970. */
	readonly at: number;
	readonly origin: LogOrigin;
	readonly jobId: string | null;
	readonly line: string;
}

/** RunPod's SDK writes `{"requestId": …, "message": …, "level": …}` when it runs on a platform; others spell it as they like. */
const JOB_ID = /"(?:requestId|request_id|jobId|job_id)"\s*:\s*"([A-Za-z0-9_-]{1,80})"/;

/** The job that a line of JSON names; null when it names none. */
export function jobOfLine(line: string): string | null {
	return line.trimStart().startsWith('{') ? (JOB_ID.exec(line)?.[1] ?? null) : null;
}

/** What stands in a line where a key was. */
export const HIDDEN_KEY = '[key]';

/** A line without the worker's own key: an SDK that logs its URLs would show it to every reader of the log. */
export function withoutKey(line: string, key: string): string {
	return line.includes(key) ? line.replaceAll(key, HIDDEN_KEY) : line;
}

/** At most `LOG_LINE_CHARS_MAX` characters of a line. */
export function cutLine(line: string): string {
	return line.length > LOG_LINE_CHARS_MAX ? `${line.slice(0, LOG_LINE_CHARS_MAX)}… (cut)` : line;
}

/** The entry as a line of the file, without its end. */
export function encodeEntry({ at, origin, jobId, line }: LogEntry): string {
	return JSON.stringify({ at, o: origin, ...(jobId === null ? {} : { j: jobId }), l: line });
}

/** The entry in a line of the file; null when it is not one (the agent was killed while it wrote). */
export function decodeEntry(text: string): LogEntry | null {
	try {
		const { at, o, j, l } = JSON.parse(text) as { at?: unknown; o?: unknown; j?: unknown; l?: unknown };
		if (typeof at !== 'number' || typeof l !== 'string' || (o !== 'stdout' && o !== 'stderr' && o !== 'system')) return null;
		return { at, origin: o, jobId: typeof j === 'string' ? j : null, line: l };
	} catch {
		return null;
	}
}

/** Whether a reader asked for this entry. */
export function isWanted(entry: LogEntry, query: Pick<LogQuery, 'after' | 'jobId' | 'source'>): boolean {
	if (entry.at <= query.after) return false;
	if (query.jobId !== undefined && entry.jobId !== query.jobId) return false;
	return query.source === undefined || (entry.origin === 'system') === (query.source === 'system');
}

/** The entry as readers get it. */
export function toLogLine(entry: LogEntry, workerId: string): LogLine {
	const { at, origin, jobId, line } = entry;
	return { at, workerId, source: origin === 'system' ? 'system' : 'container', ...(jobId === null ? {} : { jobId }), line };
}
