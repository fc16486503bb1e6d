/**
 * The file that keeps every result until the edge's verdict: what is in it survives the death of the agent. Written, not synced:
 * a machine that loses power loses its workers too, and the edge runs the job again.
 */
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { jobEvent } from '@longshore/shared-schema/wire/region';
import * as z from 'zod';
import type { Log } from '../log.ts';
import type { ResultEvent } from './reporter.ts';

/** A file without open results is emptied at this size; one with open results is rewritten at four times as much. Bytes. */
const COMPACT_BYTES = 4 * 1024 * 1024;
/** A settled result stays in the file no longer: less than the edge keeps it. Milliseconds. */
const FORGET_MS = 30_000;
const NEWLINE = 10;

const recordHead = z.union([
	z.object({ settled: z.string() }),
	z.object({ key: z.string(), event: jobEvent, endedAtWallMs: z.number(), bytes: z.int().min(0), outputFile: z.string().optional() }),
]);

/** A result as it lies in the spool. `frame`: its inline output. `outputFile`: path of an output that is to be uploaded. */
export interface SpooledResult {
	readonly event: ResultEvent;
	readonly endedAtWallMs: number;
	readonly frame: Uint8Array | null;
	readonly outputFile: string | null;
}

export interface Spool {
	/** Returns when the result is in the file. Throws when the disk refuses it. */
	add(key: string, result: SpooledResult): void;
	/** Writes a large output to a file of its own; its path goes into the result's record. */
	writeOutput(key: string, output: Uint8Array): string;
	/** The results of `keys` have their verdicts. */
	settle(keys: readonly string[]): void;
	/** Whether the attempt's result waits for its verdict. */
	has(key: string): boolean;
	size(): number;
	close(): void;
}

/** Opens the spool in `directory` and returns it with what an earlier agent left in it. Settled results leave the file within `forgetMs`. */
export function openSpool(directory: string, log: Log, forgetMs: number = FORGET_MS): { spool: Spool; left: Map<string, SpooledResult> } {
	mkdirSync(join(directory, 'outputs'), { recursive: true, mode: 0o700 });
	const path = join(directory, 'results');
	const open = existsSync(path) ? readSpool(readFileSync(path), directory, log) : new Map<string, SpooledResult>();
	const left = new Map(open);
	removeStrayOutputs(directory, open);
	let size = rewrite(path, open);
	let file = openSync(path, 'a', 0o600);
	const append = (data: Uint8Array): void => {
		let at = 0;
		while (at < data.length) at += writeSync(file, data, at);
		size += data.length;
	};
	let forgetting: NodeJS.Timeout | undefined;
	const compact = (): void => {
		clearTimeout(forgetting);
		forgetting = undefined;
		if (open.size === 0) {
			ftruncateSync(file);
			size = 0;
		} else {
			size = rewrite(path, open);
			const old = file;
			file = openSync(path, 'a', 0o600);
			closeSync(old);
		}
	};
	const compactSometime = (): void => {
		const isLarge = open.size === 0 ? size > COMPACT_BYTES : size > 4 * COMPACT_BYTES && size > 2 * openBytes(open);
		if (isLarge) compact();
		else forgetting ??= setTimeout(forget, forgetMs).unref();
	};
	/** A disk that refuses leaves the file as it is; the next settled result tries again. */
	const forget = (): void => {
		try {
			compact();
		} catch (error) {
			log.warn('settled results not removed from the spool', { directory, error: String(error) });
		}
	};
	const spool: Spool = {
		add(key, result) {
			append(encodeRecord(key, result));
			open.set(key, result);
		},
		writeOutput(key, output) {
			const target = join(directory, 'outputs', key);
			writeFileSync(target, output, { mode: 0o600 });
			return target;
		},
		settle(keys) {
			const known = keys.filter((key) => open.has(key));
			if (known.length === 0) return;
			append(Buffer.from(known.map((key) => `${JSON.stringify({ settled: key })}\n`).join('')));
			for (const key of known) {
				const outputFile = open.get(key)?.outputFile ?? null;
				if (outputFile !== null) rmSync(outputFile, { force: true });
				open.delete(key);
			}
			compactSometime();
		},
		has: (key) => open.has(key),
		size: () => open.size,
		close: () => {
			clearTimeout(forgetting);
			closeSync(file);
		},
	};
	return { spool, left };
}

function encodeRecord(key: string, result: SpooledResult): Uint8Array {
	const frame = result.frame ?? new Uint8Array();
	const head = {
		key,
		event: { ...result.event, agoMs: 0 },
		endedAtWallMs: result.endedAtWallMs,
		bytes: frame.length,
		...(result.outputFile === null ? {} : { outputFile: result.outputFile }),
	};
	return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), frame, Buffer.from('\n')]);
}

/** Reads records up to the first that is not whole: the agent died while writing it, so its worker was never told that it is kept. */
function readSpool(data: Buffer, directory: string, log: Log): Map<string, SpooledResult> {
	const open = new Map<string, SpooledResult>();
	let at = 0;
	while (at < data.length) {
		const end = data.indexOf(NEWLINE, at);
		const head = end < 0 ? null : parseHead(data.toString('utf8', at, end));
		if (head === null) {
			log.warn('the last record of the result spool is not whole and is left out', { directory, offset: at, bytes: data.length });
			break;
		}
		at = end + 1;
		if ('settled' in head) {
			open.delete(head.settled);
			continue;
		}
		if (at + head.bytes + 1 > data.length || head.event.kind !== 'result') break;
		const { agoMs: _, ...event } = head.event;
		open.set(head.key, {
			event,
			endedAtWallMs: head.endedAtWallMs,
			frame: head.event.bytes === undefined ? null : Uint8Array.from(data.subarray(at, at + head.bytes)),
			outputFile: head.outputFile ?? null,
		});
		at += head.bytes + 1;
	}
	return open;
}

function parseHead(line: string): z.output<typeof recordHead> | null {
	try {
		return recordHead.safeParse(JSON.parse(line)).data ?? null;
	} catch {
		return null;
	}
}

/** Writes the open results to a new file and puts it in place of the old one. Returns its size. */
function rewrite(path: string, open: ReadonlyMap<string, SpooledResult>): number {
	const data = Buffer.concat([...open].map(([key, result]) => encodeRecord(key, result)));
	writeFileSync(`${path}.new`, data, { mode: 0o600 });
	renameSync(`${path}.new`, path);
	return statSync(path).size;
}

/** Outputs whose record was never written. */
function removeStrayOutputs(directory: string, open: ReadonlyMap<string, SpooledResult>): void {
	const kept = new Set([...open.values()].map((result) => result.outputFile));
	for (const name of readdirSync(join(directory, 'outputs'))) {
		const path = join(directory, 'outputs', name);
		if (!kept.has(path)) rmSync(path, { force: true });
	}
}

function openBytes(open: ReadonlyMap<string, SpooledResult>): number {
	let bytes = 0;
	for (const result of open.values()) bytes += 512 + (result.frame?.length ?? 0);
	return bytes;
}
