/** The log of one worker: whole lines with time and job, the newest in memory, all of them up to a bound in a file. */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { LOG_LINE_CHARS_MAX, WORKER_LOG_BYTES_MAX } from '@longshore/shared-schema/limits';
import { cutLine, encodeEntry, jobOfLine, type LogEntry, type LogOrigin, withoutKey } from '../core/log-entry.ts';

/** Lines kept in memory per worker. */
const RING_LINES_MAX = 400;

export interface WorkerLog {
	/** Takes what a worker wrote on one of its streams. */
	write(stream: 'stdout' | 'stderr', text: string): void;
	/** What the host says of the worker. */
	note(text: string): void;
	/** The worker's newest lines that together have at most `charsMax` characters. */
	tail(charsMax: number): string;
	/** Entries behind `at`, oldest first; null when memory does not reach back that far. */
	recent(at: number): readonly LogEntry[] | null;
	close(): void;
}

export interface WorkerLogOptions {
	/** The file; its older half is `<path>.1`. */
	readonly path: string;
	/** The worker's key in its protocol, which no line shows. */
	readonly key: string;
	/** The time of the next line. */
	stamp(): number;
	/** The only job that the worker has in hand, or null. */
	jobInHand(): string | null;
	/** Lines came. */
	added(): void;
}

/** Opens the log of a worker that is about to start. */
export function createWorkerLog(options: WorkerLogOptions): WorkerLog {
	return new FileLog(options);
}

class FileLog implements WorkerLog {
	readonly #options: WorkerLogOptions;
	readonly #ring: LogEntry[] = [];
	readonly #rest = { stdout: '', stderr: '' };
	/** Stamp of the newest entry that memory has let go. */
	#letGoAt = 0;
	#file: number;
	#fileBytes = 0;
	#closed = false;

	constructor(options: WorkerLogOptions) {
		this.#options = options;
		this.#file = openSync(options.path, 'a', 0o600);
	}

	write(stream: 'stdout' | 'stderr', text: string): void {
		const lines = (this.#rest[stream] + text).split('\n');
		const last = lines.pop() ?? '';
		// A line without end must not grow for ever.
		this.#rest[stream] = last.length > LOG_LINE_CHARS_MAX ? '' : last;
		if (last.length > LOG_LINE_CHARS_MAX) lines.push(last);
		this.#add(stream, lines);
	}

	note(text: string): void {
		this.#add('system', [text]);
	}

	tail(charsMax: number): string {
		const lines = this.#ring.filter(({ origin }) => origin !== 'system').map(({ line }) => line);
		const begun = Object.values(this.#rest).filter((rest) => rest !== '');
		const text = [...lines, ...begun.map((line) => withoutKey(line, this.#options.key))].join('\n');
		return text.length > charsMax ? text.slice(text.length - charsMax) : text;
	}

	recent(at: number): readonly LogEntry[] | null {
		return at < this.#letGoAt ? null : this.#ring.filter((entry) => entry.at > at);
	}

	close(): void {
		for (const stream of ['stdout', 'stderr'] as const) {
			if (this.#rest[stream] !== '') this.#add(stream, [this.#rest[stream]]);
			this.#rest[stream] = '';
		}
		if (!this.#closed) closeSync(this.#file);
		this.#closed = true;
		this.#options.added();
	}

	#add(origin: LogOrigin, lines: readonly string[]): void {
		if (lines.length === 0) return;
		const { key, stamp, jobInHand, added } = this.#options;
		const inHand = origin === 'system' ? null : jobInHand();
		const entries = lines.map((line): LogEntry => ({ at: stamp(), origin, jobId: (origin === 'system' ? null : jobOfLine(line)) ?? inHand, line: cutLine(withoutKey(line, key)) }));
		this.#ring.push(...entries);
		const over = this.#ring.splice(0, Math.max(0, this.#ring.length - RING_LINES_MAX)).at(-1);
		this.#letGoAt = over?.at ?? this.#letGoAt;
		this.#append(entries.map((entry) => `${encodeEntry(entry)}\n`).join(''));
		added();
	}

	/** What comes behind the end is for memory only. */
	#append(text: string): void {
		if (this.#closed) return;
		this.#fileBytes += writeSync(this.#file, text);
		if (this.#fileBytes <= WORKER_LOG_BYTES_MAX) return;
		closeSync(this.#file);
		renameSync(this.#options.path, `${this.#options.path}.1`);
		this.#file = openSync(this.#options.path, 'a', 0o600);
		this.#fileBytes = 0;
	}
}
