/** Reads log files from their ends, as far back as a reader asks: the newest lines of a large file cost little. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { LogQuery } from '@longshore/shared-schema/wire/logs';
import { decodeEntry, isWanted, type LogEntry } from '../core/log-entry.ts';

/** Lines looked at in one turn: the agent has jobs to serve meanwhile. */
const TURN_LINES = 2_000;
const NEWLINE = 10;

/** The wanted entries of `paths` (newest file first), oldest first. With `tail` at most so many, the newest. */
export async function readBackwards(paths: readonly string[], query: Pick<LogQuery, 'after' | 'jobId' | 'source' | 'tail'>): Promise<LogEntry[]> {
	const found: LogEntry[] = [];
	for (const path of paths) {
		if (existsSync(path) && !(await readFileBackwards(await readFile(path), query, found))) break;
	}
	return found.reverse();
}

/** False when nothing before it can be wanted. */
async function readFileBackwards(data: Buffer, query: Pick<LogQuery, 'after' | 'jobId' | 'source' | 'tail'>, found: LogEntry[]): Promise<boolean> {
	let end = data.length;
	for (let looked = 1; end > 0; looked++) {
		const start = data.lastIndexOf(NEWLINE, end - 2) + 1;
		const entry = decodeEntry(data.toString('utf8', start, end));
		end = start;
		if (entry !== null && entry.at <= query.after) return false;
		if (entry !== null && isWanted(entry, query)) found.push(entry);
		if (found.length === query.tail) return false;
		if (looked % TURN_LINES === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	return true;
}
