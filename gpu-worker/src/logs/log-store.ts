/** All workers' logs of a host, those of past workers too for as long as they are kept: `<directory>/<endpoint>/<worker>.ndjson`. */
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_LOG_BYTES_MAX, LOG_KEEP_MS, LOG_PAGE_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type LogPage, type LogQuery, mergePages } from '@longshore/shared-schema/wire/logs';
import { isWanted, type LogEntry, toLogLine } from '../core/log-entry.ts';
import { readBackwards } from './read-backwards.ts';
import { createWorkerLog, type WorkerLog } from './worker-log.ts';

const SUFFIX = '.ndjson';

export interface LogStore {
	/** The log of a worker that is about to start; its `key` is in no line, `jobInHand` names the only job that it has. */
	open(endpointId: string, workerId: string, key: string, jobInHand: () => string | null): WorkerLog;
	/** One page; with `waitMs` it is held until there is a line. */
	read(query: LogQuery): Promise<LogPage>;
	/** Removes logs that are too old, and the oldest when all together are too large. */
	tidy(): void;
}

/** `wallMs`: the wall clock. */
export function createLogStore(directory: string, wallMs: () => number): LogStore {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	return new FileLogStore(directory, wallMs);
}

class FileLogStore implements LogStore {
	readonly #directory: string;
	readonly #wallMs: () => number;
	/** Logs of workers that run, by endpoint and worker. */
	readonly #open = new Map<string, Map<string, WorkerLog>>();
	readonly #waiting = new Set<() => void>();
	#lastStamp = 0;

	constructor(directory: string, wallMs: () => number) {
		this.#directory = directory;
		this.#wallMs = wallMs;
	}

	open(endpointId: string, workerId: string, key: string, jobInHand: () => string | null): WorkerLog {
		const directory = join(this.#directory, endpointId);
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		const log = createWorkerLog({ path: join(directory, workerId + SUFFIX), key, stamp: () => this.#stamp(), jobInHand, added: () => this.#wake() });
		const ofEndpoint = this.#open.get(endpointId) ?? new Map<string, WorkerLog>();
		this.#open.set(endpointId, ofEndpoint.set(workerId, log));
		const close = (): void => {
			log.close();
			ofEndpoint.delete(workerId);
			if (ofEndpoint.size === 0) this.#open.delete(endpointId);
		};
		return { write: (stream, text) => log.write(stream, text), note: (text) => log.note(text), tail: (charsMax) => log.tail(charsMax), recent: (at) => log.recent(at), close };
	}

	async read(query: LogQuery): Promise<LogPage> {
		const untilMs = performance.now() + query.waitMs;
		for (;;) {
			// Lines that come during the reading must not be slept over.
			const news = this.#news();
			const page = await this.#readNow(query);
			const leftMs = untilMs - performance.now();
			if (page.lines.length > 0 || leftMs <= 0 || !page.open) return page;
			await news(leftMs);
		}
	}

	tidy(): void {
		const files = readdirSync(this.#directory).flatMap((endpointId) => this.#filesOf(endpointId));
		let bytes = 0;
		for (const file of files.sort((a, b) => b.writtenAtMs - a.writtenAtMs)) {
			bytes += file.bytes;
			const isOpen = this.#open.get(file.endpointId)?.has(file.workerId) === true;
			if (!isOpen && (bytes > HOST_LOG_BYTES_MAX || file.writtenAtMs < this.#wallMs() - LOG_KEEP_MS)) rmSync(file.path, { force: true });
		}
		for (const endpointId of readdirSync(this.#directory)) {
			const path = join(this.#directory, endpointId);
			if (!this.#open.has(endpointId) && statSync(path).isDirectory() && readdirSync(path).length === 0) rmdirSync(path);
		}
	}

	async #readNow(query: LogQuery): Promise<LogPage> {
		const open = this.#open.get(query.endpointId) ?? new Map<string, WorkerLog>();
		const known = new Set([...open.keys(), ...this.#pastWorkers(query.endpointId)]);
		const wanted = query.workerId === undefined ? [...known] : known.has(query.workerId) ? [query.workerId] : [];
		const pages: LogPage[] = [];
		for (const workerId of wanted) {
			const recent = open.get(workerId)?.recent(query.after) ?? null;
			const path = join(this.#directory, query.endpointId, workerId + SUFFIX);
			const entries = recent?.filter((entry) => isWanted(entry, query)) ?? (await readBackwards([path, `${path}.1`], query));
			pages.push(toPage(entries, workerId, query, open.has(workerId)));
		}
		const merged = mergePages(query.tail === undefined ? pages : [newest(pages, query.tail)], query.limit);
		return { ...merged, known: wanted.length > 0 };
	}

	#pastWorkers(endpointId: string): string[] {
		return this.#filesOf(endpointId).map(({ workerId }) => workerId);
	}

	#filesOf(endpointId: string): { endpointId: string; workerId: string; path: string; bytes: number; writtenAtMs: number }[] {
		const directory = join(this.#directory, endpointId);
		const stat = statSync(directory, { throwIfNoEntry: false });
		if (stat === undefined || !stat.isDirectory()) return [];
		return readdirSync(directory).flatMap((name) => {
			const path = join(directory, name);
			const file = statSync(path, { throwIfNoEntry: false });
			const workerId = name.split('.')[0] ?? name;
			return file === undefined ? [] : [{ endpointId, workerId, path, bytes: file.size, writtenAtMs: file.mtimeMs }];
		});
	}

	#stamp(): number {
		this.#lastStamp = Math.max(this.#lastStamp + 1, Math.floor(this.#wallMs() * 1_000));
		return this.#lastStamp;
	}

	#wake(): void {
		for (const wake of this.#waiting) wake();
	}

	/** Counts from now on: the function waits until a line has come since then, or the time is over. */
	#news(): (waitMs: number) => Promise<void> {
		let has = false;
		let resolve = (): void => undefined;
		const wake = (): void => {
			has = true;
			this.#waiting.delete(wake);
			resolve();
		};
		this.#waiting.add(wake);
		return (waitMs) =>
			new Promise((done) => {
				const timer = setTimeout(wake, waitMs);
				resolve = () => {
					clearTimeout(timer);
					done();
				};
				if (has) resolve();
			});
	}
}

/** The oldest entries that fit a page, or with `tail` all: they are cut after those of all workers have met. */
function toPage(entries: readonly LogEntry[], workerId: string, query: LogQuery, open: boolean): LogPage {
	const all = entries.map((entry) => toLogLine(entry, workerId));
	if (query.tail !== undefined) return { known: true, lines: all, more: false, open };
	const lines = fitting(all, query.limit);
	return { known: true, lines, more: lines.length < all.length, open };
}

/** The newest `count` lines of all pages, as much as fits. */
function newest(pages: readonly LogPage[], count: number): LogPage {
	const all = pages
		.flatMap(({ lines }) => lines)
		.sort((a, b) => a.at - b.at)
		.slice(-count);
	const lines = fitting(all, count);
	return { known: true, lines, more: lines.length < all.length, open: pages.some(({ open }) => open) };
}

function fitting<Line extends { line: string }>(lines: readonly Line[], limit: number): Line[] {
	let bytes = 0;
	let count = 0;
	for (const { line } of lines) {
		bytes += 200 + 3 * line.length;
		if (count === limit || (count > 0 && bytes > LOG_PAGE_BYTES_MAX)) break;
		count++;
	}
	return lines.slice(0, count);
}
