/** Keeps models for this host's workers: downloads each once, however many workers ask for it, and lends it to them. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isCommit, keyOfRef, type ModelRef, modelFolder, modelKey, parseModelRef } from '@longshore/shared-schema/endpoint/model-ref';
import { HOST_DOWNLOADS_MAX, MODEL_KEY_CHARS_MAX } from '@longshore/shared-schema/limits';
import type { ModelCacheFigure } from '@longshore/shared-schema/wire/region';
import { advanceDownload, type DownloadProgress, describeBytes, startDownload } from '../core/download-progress.ts';
import type { ModelListing } from '../core/model-listing.ts';
import type { Log } from '../log.ts';
import { WorkerStartError } from '../runtime/runtime.ts';
import { downloadFiles } from './download.ts';
import { INCOMPLETE } from './fetch-file.ts';
import { blobsOf, writeRef, writeSnapshot } from './hub-layout.ts';
import { type ModelNotes, openModelNotes } from './model-notes.ts';
import { ModelShelf } from './model-shelf.ts';
import { ModelError, type ModelSource, type ModelWish, SourceDownError } from './model-source.ts';
import { openSource } from './open-source.ts';

/** What a branch stands for is not asked again for this long: starts in a row stay fast. */
const REF_TRUST_MS = 600_000;
/** A start that could do with what is here waits no longer than this for the hub's word… */
const ASK_MS_MAX = 5_000;
/** …and those after it not at all for this long. */
const ASK_AGAIN_MS = 60_000;
const NOT_WANTED = 'it is not wanted any more';

export interface ModelCacheOptions {
	readonly directory: string;
	/** Of the hub or mirror: `https://…`, `http://…` or `file:///…`. */
	readonly address: string;
	readonly budgetBytes: number;
	/** Pause before a broken download is taken up again. */
	readonly retryMs: number;
	readonly log: Log;
	/** Wall clock. */
	now(): number;
}

export interface ModelRequest {
	/** As the endpoint names it. */
	readonly model: string;
	/** The endpoint's token for the hub, or null. */
	readonly token: string | null;
	/** Takes a line for the worker's log. */
	note(text: string): void;
	readonly signal: AbortSignal;
}

/** A model that stays as long as somebody holds it. */
export interface ModelLease {
	/** Name of its folder in the hub's cache layout, and where that is. */
	readonly folder: string;
	readonly path: string;
	readonly commit: string;
	release(): void;
}

export interface ModelCache {
	/** Throws `WorkerStartError`. */
	ensure(request: ModelRequest): Promise<ModelLease>;
	/** What the host holds, for placement. */
	keys(): readonly string[];
	figure(): ModelCacheFigure;
}

/** One model on its way to somebody, or several. */
interface Fetch {
	readonly ref: ModelRef;
	readonly notes: Set<(text: string) => void>;
	readonly abort: AbortController;
	waiting: number;
	progress: DownloadProgress | null;
	/** The commit, pinned once for each that waits. */
	done: Promise<string>;
	isDone: boolean;
}

/** Opens the cache in its directory, which no other agent may use. */
export function openModelCache(options: ModelCacheOptions): ModelCache {
	return new HostModelCache(options);
}

class HostModelCache implements ModelCache {
	readonly #options: ModelCacheOptions;
	readonly #source: ModelSource;
	readonly #shelf: ModelShelf;
	readonly #notes: ModelNotes;
	readonly #fetches = new Map<string, Fetch>();

	constructor(options: ModelCacheOptions) {
		this.#options = options;
		this.#source = openSource(options.address);
		this.#notes = openModelNotes(join(options.directory, 'notes.json'));
		this.#shelf = new ModelShelf({ ...options, notes: this.#notes });
	}

	async ensure({ model, token, note, signal }: ModelRequest): Promise<ModelLease> {
		const ref = parseModelRef(model);
		if (ref === null) throw new WorkerStartError(`model ${model} is no name of a Hugging Face model: give it as organization/name`);
		if (signal.aborted) throw new WorkerStartError(NOT_WANTED);
		const fetch = this.#join(ref, token, note);
		const folder = modelFolder(ref.repo);
		try {
			const commit = await unlessAborted(fetch.done, signal);
			return this.#lease(folder, commit);
		} catch (error) {
			this.#leave(fetch, note);
			if (error instanceof ModelError || error instanceof SourceDownError) throw new WorkerStartError(error.message);
			throw error;
		}
	}

	keys(): readonly string[] {
		return this.#shelf.keys().filter((key) => key.length <= MODEL_KEY_CHARS_MAX);
	}

	figure(): ModelCacheFigure {
		const active = [...this.#fetches.values()].flatMap(({ ref, progress }) =>
			progress === null ? [] : [{ model: keyOfRef(ref), bytes: progress.bytes, totalBytes: progress.totalBytes }],
		);
		const downloads = active.filter(({ model }) => model.length <= MODEL_KEY_CHARS_MAX).slice(0, HOST_DOWNLOADS_MAX);
		return { usedBytes: this.#shelf.usedBytes(), budgetBytes: this.#options.budgetBytes, downloads };
	}

	#join(ref: ModelRef, token: string | null, note: (text: string) => void): Fetch {
		const key = JSON.stringify([ref.repo, ref.revision, token]);
		const running = this.#fetches.get(key);
		if (running !== undefined && !running.abort.signal.aborted) {
			note(`waiting for model ${keyOfRef(ref)}, which is on its way already`);
			running.notes.add(note);
			running.waiting++;
			return running;
		}
		const abort = new AbortController();
		const fetch: Fetch = { ref, notes: new Set([note]), abort, waiting: 1, progress: null, done: Promise.resolve(''), isDone: false };
		this.#fetches.set(key, fetch);
		const folder = modelFolder(ref.repo);
		fetch.done = this.#shelf
			.inTurn(folder, () => this.#provide(fetch, { ref, token, signal: abort.signal }, folder))
			.then((commit) => {
				fetch.isDone = true;
				this.#shelf.pin(folder, commit, fetch.waiting);
				this.#shelf.unpin(folder, commit);
				return commit;
			})
			.finally(() => {
				if (this.#fetches.get(key) === fetch) this.#fetches.delete(key);
			});
		// Whoever waits hears of it; when nobody does any more, nobody needs to.
		fetch.done.catch(() => undefined);
		return fetch;
	}

	/** Somebody waits no longer; a download that nobody waits for ends. */
	#leave(fetch: Fetch, note: (text: string) => void): void {
		fetch.notes.delete(note);
		if (fetch.isDone) void fetch.done.then((commit) => this.#shelf.unpin(modelFolder(fetch.ref.repo), commit));
		else if (--fetch.waiting === 0) fetch.abort.abort();
	}

	#lease(folder: string, commit: string): ModelLease {
		let held = true;
		return {
			folder,
			path: this.#shelf.pathOf(folder),
			commit,
			release: () => {
				if (!held) return;
				held = false;
				this.#shelf.unpin(folder, commit);
				this.#touch(folder, commit);
			},
		};
	}

	/** The commit, there as a whole and pinned once. */
	async #provide(fetch: Fetch, wish: ModelWish, folder: string): Promise<string> {
		if (wish.signal.aborted) throw new SourceDownError(NOT_WANTED);
		const commit = await this.#find(fetch, wish, folder);
		this.#shelf.pin(folder, commit);
		this.#touch(folder, commit);
		return commit;
	}

	async #find(fetch: Fetch, wish: ModelWish, folder: string): Promise<string> {
		const { ref, token } = wish;
		const here = this.#here(folder, ref);
		const isReader = await this.#notes.isReader(folder, token);
		const asked = this.#notes.of(folder).askedAtMs[ref.revision];
		const isFresh = isCommit(ref.revision) || (asked !== undefined && this.#options.now() - asked < REF_TRUST_MS);
		if (here !== null && isFresh && isReader) return tell(fetch, `model ${keyOfRef(ref)} is on this host`, here);
		let listing: ModelListing;
		try {
			const patience = here !== null && isReader ? AbortSignal.any([wish.signal, AbortSignal.timeout(ASK_MS_MAX)]) : wish.signal;
			listing = await this.#source.list({ ...wish, signal: patience });
		} catch (error) {
			if (!(error instanceof SourceDownError) || here === null || !isReader) throw error;
			this.#notes.asked(folder, ref.revision, this.#options.now() - REF_TRUST_MS + ASK_AGAIN_MS);
			return tell(fetch, `${error.message}; the copy on this host is used`, here);
		}
		if (this.#shelf.content(folder).snapshots.has(listing.commit)) {
			if (!isReader && !(await this.#source.mayRead(wish, listing)))
				throw new ModelError(`model ${keyOfRef(ref)}: the hub does not let this endpoint read it: give it an HF_TOKEN that may`);
			tell(fetch, `model ${keyOfRef(ref)} is on this host`, null);
		} else await this.#download(fetch, wish, folder, listing);
		await this.#notes.addReader(folder, token);
		if (!isCommit(ref.revision)) writeRef(this.#shelf.pathOf(folder), ref.revision, listing.commit);
		this.#notes.asked(folder, ref.revision, this.#options.now());
		return listing.commit;
	}

	/** The complete snapshot that the revision stood for last; null: none. */
	#here(folder: string, { revision }: ModelRef): string | null {
		const { snapshots, refs } = this.#shelf.look(folder);
		const commit = isCommit(revision) ? revision : refs.get(revision);
		return commit !== undefined && snapshots.has(commit) ? commit : null;
	}

	async #download(fetch: Fetch, wish: ModelWish, folder: string, { commit, files }: ModelListing): Promise<void> {
		const { address, budgetBytes, retryMs, log, now } = this.#options;
		const key = keyOfRef(wish.ref);
		const blobs = blobsOf(this.#shelf.pathOf(folder));
		const there = new Map(this.#shelf.look(folder).blobs.map(({ name, bytes }) => [name, bytes]));
		const sizes = new Map(files.map(({ path, checksum, sizeBytes }) => [checksum?.hex ?? createHash('sha256').update(path).digest('hex'), sizeBytes ?? 0]));
		const totalBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
		if (totalBytes > budgetBytes)
			throw new ModelError(
				`model ${key} has ${describeBytes(totalBytes)}, and the model cache of this host may take ${describeBytes(budgetBytes)}: its operator may raise LONGSHORE_MODEL_CACHE_GB`,
			);
		const haveBytes = [...sizes.keys()].reduce((sum, name) => sum + (there.get(name) ?? there.get(name + INCOMPLETE) ?? 0), 0);
		const wanted = new Set([...sizes.keys()].flatMap((name) => [name, name + INCOMPLETE]));
		await this.#shelf.makeRoom({ key, folder, bytes: Math.max(0, totalBytes - haveBytes), wanted });
		const startedAtMs = now();
		fetch.progress = startDownload(totalBytes, haveBytes, startedAtMs);
		tell(
			fetch,
			`downloading model ${key}: ${describeBytes(totalBytes)} in ${files.length} files${haveBytes === 0 ? '' : `, of which ${describeBytes(haveBytes)} are here already`}`,
			null,
		);
		log.info('downloading a model', { model: key, commit, totalBytes, haveBytes });
		const overflow = new AbortController();
		const arrived = (bytes: number): void => {
			if (fetch.progress === null) return;
			const { progress, note } = advanceDownload(fetch.progress, bytes, now());
			fetch.progress = progress;
			this.#shelf.arrived(folder, bytes);
			if (progress.bytes > budgetBytes) overflow.abort();
			if (note !== null) tell(fetch, `downloading model ${key}: ${note}`, null);
		};
		try {
			const names = await downloadFiles({ address, ref: wish.ref, token: wish.token, commit, files, blobs, retryMs }, arrived, AbortSignal.any([wish.signal, overflow.signal]));
			const links = files.map(({ path }, index) => ({ path, blob: names[index] ?? '' }));
			writeSnapshot(this.#shelf.pathOf(folder), commit, links, join(this.#shelf.scratch, `${folder}@${commit}`));
		} catch (error) {
			log.warn('a model could not be downloaded', { model: key, commit, error: (error as Error).message });
			if (overflow.signal.aborted) throw new ModelError(`model ${key} has more than the ${describeBytes(budgetBytes)} that the model cache of this host may take`);
			throw error;
		} finally {
			fetch.progress = null;
			this.#shelf.settle(folder);
		}
		const tookS = ((now() - startedAtMs) / 1_000).toFixed(1);
		tell(fetch, `downloaded model ${key} in ${tookS} s`, null);
		log.info('downloaded a model', { model: key, commit, bytes: totalBytes - haveBytes, tookS });
	}

	#touch(folder: string, commit: string): void {
		this.#notes.used(folder, commit, this.#options.now());
	}
}

/** Whether a host holds a model by its own means, as its operator declared it: then nothing is downloaded. */
export function isDeclared(declared: readonly string[], model: string): boolean {
	const key = modelKey(model);
	return declared.some((one) => modelKey(one) === key);
}

function tell<T>(fetch: Fetch, text: string, result: T): T {
	for (const note of fetch.notes) note(text);
	return result;
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	let leave = (): void => {};
	const aborted = new Promise<never>((_, reject) => {
		leave = () => reject(new WorkerStartError(NOT_WANTED));
		signal.addEventListener('abort', leave, { once: true });
	});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', leave);
	}
}
