/** The last lines of a worker's output in memory, all of it up to a bound in a file. */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

/** Lines kept in memory per worker. */
const RING_LINES_MAX = 400;
/** A longer line is cut. Characters. */
const LINE_CHARS_MAX = 4_000;
/** The file is set aside as `.1` at this size, so a worker's logs take at most twice as much. Bytes. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

export interface LogRing {
	/** Takes what a worker wrote on one of its streams. */
	write(stream: 'stdout' | 'stderr', text: string): void;
	/** The newest lines that together have at most `charsMax` characters. */
	tail(charsMax: number): string;
	close(): void;
}

/** Lines go to `path` with time and stream in front. */
export function createLogRing(path: string): LogRing {
	const lines: string[] = [];
	const rest = { stdout: '', stderr: '' };
	let file = openSync(path, 'a', 0o600);
	let fileBytes = 0;
	const rotate = (): void => {
		closeSync(file);
		renameSync(path, `${path}.1`);
		file = openSync(path, 'a', 0o600);
		fileBytes = 0;
	};
	const add = (stream: string, text: string): string => {
		const line = text.length > LINE_CHARS_MAX ? `${text.slice(0, LINE_CHARS_MAX)}… (cut)` : text;
		lines.push(line);
		if (lines.length > RING_LINES_MAX) lines.splice(0, lines.length - RING_LINES_MAX);
		return `${new Date().toISOString()} ${stream} ${line}\n`;
	};
	const append = (text: string): void => {
		if (text === '') return;
		fileBytes += writeSync(file, text);
		if (fileBytes > FILE_BYTES_MAX) rotate();
	};
	return {
		write(stream, text) {
			const parts = (rest[stream] + text).split('\n');
			const last = parts.pop() ?? '';
			// A line without end must not grow for ever.
			rest[stream] = last.length > LINE_CHARS_MAX ? '' : last;
			if (last.length > LINE_CHARS_MAX) parts.push(last);
			append(parts.map((part) => add(stream, part)).join(''));
		},
		tail(charsMax) {
			const open = [rest.stdout, rest.stderr].filter((text) => text !== '');
			const text = [...lines, ...open].join('\n');
			return text.length > charsMax ? text.slice(text.length - charsMax) : text;
		},
		close() {
			for (const stream of ['stdout', 'stderr'] as const) {
				if (rest[stream] !== '') append(add(stream, rest[stream]));
				rest[stream] = '';
			}
			closeSync(file);
		},
	};
}
