/** The history file: appends events as JSON lines while the run goes on, and keeps them for the checker. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HistoryEvent } from './event.ts';

const FLUSH_MS = 500;

export interface History {
	add(event: HistoryEvent): void;
	all(): readonly HistoryEvent[];
	/** Writes what is not in the file yet. */
	close(): void;
}

/** Starts an empty history in `file`. */
export function openHistory(file: string): History {
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, '');
	const events: HistoryEvent[] = [];
	let written = 0;
	const flush = (): void => {
		const lines = events.slice(written).map((event) => `${JSON.stringify(event)}\n`);
		written = events.length;
		if (lines.length > 0) appendFileSync(file, lines.join(''));
	};
	const timer = setInterval(flush, FLUSH_MS);
	return {
		add: (event) => void events.push(event),
		all: () => events,
		close: () => {
			clearInterval(timer);
			flush();
		},
	};
}
