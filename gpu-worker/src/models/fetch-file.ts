/** Brings one file of a model into a directory of blobs: goes on where an earlier try broke off, and keeps only what its checksum proves. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Checksum, ModelFile } from '../core/model-listing.ts';
import { ModelError, type OpenFile, SourceDownError } from './model-source.ts';

/** A source that sends nothing for so long has lost us. */
const SILENCE_MS = 60_000;
/** Tries in a row that brought nothing. */
const TRIES_MAX = 5;
/** What is not complete yet carries this behind its name, as the hub's own client does it. */
export const INCOMPLETE = '.incomplete';

export interface FileFetch {
	/** Directory of the blobs. */
	readonly blobs: string;
	readonly file: ModelFile;
	/** Pause after a try that brought nothing; doubles. */
	readonly retryMs: number;
	open(fromByte: number): Promise<OpenFile>;
	/** Bytes that came; fewer than none: they had to be thrown away. */
	arrived(bytes: number): void;
}

/** Name of the blob once it is there. Throws `ModelError`, and `SourceDownError` when the source broke off again and again. */
export async function fetchFile(fetch: FileFetch): Promise<string> {
	const { file, blobs } = fetch;
	const named = file.checksum?.hex;
	if (named !== undefined && existsSync(join(blobs, named))) return named;
	const partial = join(blobs, `${named ?? createHash('sha256').update(file.path).digest('hex')}${INCOMPLETE}`);
	let restarted = false;
	for (let tries = 0; ; ) {
		const before = sizeOf(partial);
		try {
			const got = await oneTry(fetch, partial);
			if (got.wrong === null) return await keep(fetch, partial, got.name);
			await rm(partial);
			fetch.arrived(-got.sizeBytes);
			// What lay there from an earlier try may be what is wrong.
			if (before === 0 || restarted) throw new ModelError(got.wrong);
			restarted = true;
		} catch (error) {
			if (!(error instanceof SourceDownError)) throw error;
			tries = sizeOf(partial) > before ? 0 : tries + 1;
			if (tries >= TRIES_MAX) throw error;
			await sleep(fetch.retryMs * 2 ** tries);
		}
	}
}

interface Got {
	readonly name: string;
	readonly sizeBytes: number;
	/** Why it is not what it should be; null: it is. */
	readonly wrong: string | null;
}

async function oneTry(fetch: FileFetch, partial: string): Promise<Got> {
	const { file } = fetch;
	const handle = await open(partial, existsSync(partial) ? 'r+' : 'w+', 0o644);
	try {
		let have = (await handle.stat()).size;
		if (file.sizeBytes !== null && have > file.sizeBytes) have = await startOver(fetch, handle, have);
		let { sizeBytes, checksum } = file;
		let hash = await hashOf(partial, have);
		if (have !== sizeBytes || have === 0) {
			const opened = await fetch.open(have);
			if (opened.fromByte !== have) {
				if (opened.fromByte !== 0) throw new ModelError(`${file.path}: the source sent another part of the file than it was asked for`);
				have = await startOver(fetch, handle, have);
				hash = createHash('sha256');
			}
			if (sizeBytes !== null && opened.sizeBytes !== null && opened.sizeBytes !== sizeBytes)
				throw new ModelError(`${file.path}: has ${opened.sizeBytes} bytes and should have ${sizeBytes}: refused`);
			sizeBytes ??= opened.sizeBytes;
			checksum ??= opened.checksum;
			have = await write(fetch, handle, have, hash, opened, sizeBytes);
		}
		if (sizeBytes !== null && have < sizeBytes) throw new SourceDownError(`${file.path}: broke off after ${have} of ${sizeBytes} bytes`);
		await handle.sync();
		return judge(file, checksum, hash.digest('hex'), partial, have);
	} finally {
		await handle.close();
	}
}

async function write(fetch: FileFetch, handle: FileHandle, from: number, hash: Hash, opened: OpenFile, sizeBytes: number | null): Promise<number> {
	const { file } = fetch;
	let have = from;
	try {
		for await (const part of inTime(opened.body)) {
			if (sizeBytes !== null && have + part.length > sizeBytes) throw new ModelError(`${file.path}: the source sends more than its ${sizeBytes} bytes: refused`);
			await writeAll(handle, part, have);
			hash.update(part);
			have += part.length;
			fetch.arrived(part.length);
		}
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code === 'ENOSPC' || code === 'EDQUOT') throw new ModelError(`${file.path}: no room left on the disk of the model cache`);
		if (error instanceof ModelError || code === 'EIO' || code === 'EROFS') throw error;
		throw new SourceDownError(`${file.path}: broke off after ${have} bytes: ${message}`);
	}
	return have;
}

async function writeAll(handle: FileHandle, part: Uint8Array, at: number): Promise<void> {
	for (let done = 0; done < part.length; ) done += (await handle.write(part, done, part.length - done, at + done)).bytesWritten;
}

async function judge(file: ModelFile, checksum: Checksum | null, sha256: string, partial: string, sizeBytes: number): Promise<Got> {
	if (checksum === null) return { name: sha256, sizeBytes, wrong: null };
	const got = checksum.kind === 'sha256' ? sha256 : await gitName(partial, sizeBytes);
	const wrong = got === checksum.hex ? null : `${file.path} does not match its checksum (${checksum.kind} ${got}, should be ${checksum.hex}): refused`;
	return { name: checksum.hex, sizeBytes, wrong };
}

/** What git calls a blob with this content. */
async function gitName(path: string, sizeBytes: number): Promise<string> {
	const hash = createHash('sha1').update(`blob ${sizeBytes}\0`);
	for await (const part of createReadStream(path)) hash.update(part as Uint8Array);
	return hash.digest('hex');
}

async function hashOf(path: string, bytes: number): Promise<Hash> {
	const hash = createHash('sha256');
	if (bytes > 0) for await (const part of createReadStream(path, { end: bytes - 1, highWaterMark: 1024 * 1024 })) hash.update(part as Uint8Array);
	return hash;
}

async function startOver(fetch: FileFetch, handle: FileHandle, had: number): Promise<number> {
	await handle.truncate(0);
	if (had > 0) fetch.arrived(-had);
	return 0;
}

/** Under its own name only once it is whole and proven. Nobody writes to it any more: workers see it through links. */
async function keep({ blobs }: FileFetch, partial: string, name: string): Promise<string> {
	const handle = await open(partial, 'r+');
	await handle.chmod(0o444);
	await handle.close();
	await rename(partial, join(blobs, name));
	return name;
}

function sizeOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Throws when nothing comes for too long. */
async function* inTime(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	const parts = body[Symbol.asyncIterator]();
	try {
		for (;;) {
			const next = await withDeadline(parts.next());
			if (next.done === true) return;
			yield next.value;
		}
	} finally {
		// Not awaited: a source that hangs would hang here too.
		void parts.return?.()?.catch(() => undefined);
	}
}

async function withDeadline<T>(promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const silence = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`nothing came for ${SILENCE_MS / 1_000} s`)), SILENCE_MS);
	});
	try {
		return await Promise.race([promise, silence]);
	} finally {
		clearTimeout(timer);
	}
}
