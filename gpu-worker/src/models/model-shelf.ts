/** The models on this host's disk: which there are, who uses them, and what goes so that another one fits into the budget. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOfRef } from '@longshore/shared-schema/endpoint/model-ref';
import { describeBytes } from '../core/download-progress.ts';
import { type CachedPart, chooseEvictions } from '../core/model-room.ts';
import type { Log } from '../log.ts';
import { type FolderContent, looseBlobs, readFolder, removeSnapshot } from './hub-layout.ts';
import type { ModelNotes } from './model-notes.ts';
import { ModelError } from './model-source.ts';

const FOLDER = 'models--';
const NOTHING: FolderContent = { blobs: [], snapshots: new Map(), refs: new Map() };

export interface ShelfOptions {
	/** Holds `hub`, and beside it what workers do not see. */
	readonly directory: string;
	readonly budgetBytes: number;
	readonly notes: ModelNotes;
	readonly log: Log;
}

/** Something of one model that is about to take room. */
export interface RoomWish {
	/** `org/name@revision`, for words. */
	readonly key: string;
	readonly folder: string;
	readonly bytes: number;
	/** Blobs of the folder that the download goes on with. */
	readonly wanted: ReadonlySet<string>;
}

export class ModelShelf {
	/** The directory in the hub's cache layout. */
	readonly hub: string;
	readonly #options: ShelfOptions;
	readonly #contents = new Map<string, FolderContent>();
	/** `<folder>@<commit>` → how many use it. */
	readonly #pins = new Map<string, number>();
	/** Folders that somebody is at. */
	readonly #busy = new Set<string>();
	readonly #turns = new Map<string, Promise<unknown>>();
	/** What downloads have yet to bring, by folder. */
	readonly #reserved = new Map<string, number>();

	constructor(options: ShelfOptions) {
		this.#options = options;
		this.hub = join(options.directory, 'hub');
		mkdirSync(this.hub, { recursive: true, mode: 0o755 });
		rmSync(this.scratch, { recursive: true, force: true });
		for (const folder of readdirSync(this.hub)) if (folder.startsWith(FOLDER)) this.look(folder);
	}

	/** Where snapshots are put together: the same file system, out of workers' sight. */
	get scratch(): string {
		return join(this.#options.directory, 'scratch');
	}

	pathOf(folder: string): string {
		return join(this.hub, folder);
	}

	content(folder: string): FolderContent {
		return this.#contents.get(folder) ?? NOTHING;
	}

	/** Takes in what lies in the folder now. */
	look(folder: string): FolderContent {
		const content = readFolder(this.pathOf(folder));
		if (content === null) this.#contents.delete(folder);
		else this.#contents.set(folder, content);
		return content ?? NOTHING;
	}

	usedBytes(): number {
		let sum = 0;
		for (const { blobs } of this.#contents.values()) for (const { bytes } of blobs) sum += bytes;
		return sum;
	}

	/** Models that are here as a whole, by revision and by commit, those used last first. */
	keys(): string[] {
		const found: { key: string; atMs: number }[] = [];
		for (const [folder, { snapshots, refs }] of this.#contents) {
			const repo = folder.slice(FOLDER.length).replaceAll('--', '/');
			const { usedAtMs } = this.#options.notes.of(folder);
			for (const [revision, commit] of refs) if (snapshots.has(commit)) found.push({ key: keyOfRef({ repo, revision }), atMs: usedAtMs[commit] ?? 0 });
			for (const commit of snapshots.keys()) found.push({ key: keyOfRef({ repo, revision: commit }), atMs: (usedAtMs[commit] ?? 0) - 1 });
		}
		return found.sort((a, b) => b.atMs - a.atMs || (a.key < b.key ? -1 : 1)).map(({ key }) => key);
	}

	pin(folder: string, commit: string, count = 1): void {
		const id = `${folder}@${commit}`;
		this.#pins.set(id, (this.#pins.get(id) ?? 0) + count);
	}

	unpin(folder: string, commit: string): void {
		const id = `${folder}@${commit}`;
		const left = (this.#pins.get(id) ?? 0) - 1;
		if (left > 0) this.#pins.set(id, left);
		else this.#pins.delete(id);
	}

	/** One at a time is at a folder; nothing of it goes meanwhile. */
	async inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
		return this.#queue(folder, async () => {
			this.#busy.add(folder);
			try {
				return await work();
			} finally {
				this.#busy.delete(folder);
				this.look(folder);
			}
		});
	}

	/** Makes room in the budget and on the disk, and keeps it until it is settled. Throws `ModelError` when that cannot be, and then nothing is gone. */
	makeRoom(wish: RoomWish): Promise<void> {
		return this.#queue('', async () => {
			for (const folder of this.#contents.keys()) this.look(folder);
			const { budgetBytes } = this.#options;
			const { bavail, bsize } = await statfs(this.hub);
			const used = this.usedBytes();
			const reserved = [...this.#reserved.values()].reduce((sum, bytes) => sum + bytes, 0);
			const coming = wish.bytes + reserved;
			const parts = this.#parts(wish);
			const chosen = chooseEvictions(parts, Math.max(used + coming - budgetBytes, coming - bavail * bsize));
			if (chosen === null) {
				const kept = parts.filter(({ inUse }) => inUse).reduce((sum, { bytes }) => sum + bytes, reserved);
				throw new ModelError(
					`model ${wish.key} needs ${describeBytes(wish.bytes)} more: the model cache of this host may take ${describeBytes(budgetBytes)}, of which ${describeBytes(kept)} are in use, and its disk has ${describeBytes(bavail * bsize)} free`,
				);
			}
			for (const id of chosen) this.#remove(id, wish);
			// Before the next one looks: what is promised is as good as used.
			this.#reserved.set(wish.folder, wish.bytes);
		});
	}

	/** So much of what was reserved lies on the disk now. */
	arrived(folder: string, bytes: number): void {
		const left = this.#reserved.get(folder);
		if (left !== undefined) this.#reserved.set(folder, Math.max(0, left - bytes));
	}

	/** The download has ended, however it did. */
	settle(folder: string): void {
		this.#reserved.delete(folder);
	}

	#parts({ folder: own, wanted }: RoomWish): CachedPart[] {
		return [...this.#contents].flatMap(([folder, content]) => {
			const busy = this.#busy.has(folder) && folder !== own;
			const { usedAtMs } = this.#options.notes.of(folder);
			const sizes = new Map(content.blobs.map(({ name, bytes }) => [name, bytes]));
			const snapshots = [...content.snapshots].map(([commit, blobs]): CachedPart => {
				const others = new Set([...content.snapshots].flatMap(([other, names]) => (other === commit ? [] : [...names])));
				const alone = [...blobs].filter((name) => !others.has(name) && !(folder === own && wanted.has(name)));
				const inUse = busy || this.#pins.has(`${folder}@${commit}`);
				return { id: `${folder}@${commit}`, bytes: alone.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0), usedAtMs: usedAtMs[commit] ?? 0, inUse };
			});
			const loose = looseBlobs(content).map(
				({ name, bytes, changedAtMs }): CachedPart => ({ id: `${folder}/${name}`, bytes, usedAtMs: changedAtMs, inUse: busy || (folder === own && wanted.has(name)) }),
			);
			return [...snapshots, ...loose];
		});
	}

	#remove(id: string, { folder: own, wanted }: RoomWish): void {
		const [, folder = '', mark, name = ''] = /^([^@/]+)([@/])(.*)$/.exec(id) ?? [];
		this.#options.log.info('the model cache gives up', { folder, what: name });
		if (mark === '@') removeSnapshot(this.pathOf(folder), name, folder === own ? wanted : new Set());
		else rmSync(join(this.pathOf(folder), 'blobs', name), { force: true });
		const left = this.look(folder);
		if (left.blobs.length > 0 || this.#busy.has(folder)) return;
		rmSync(this.pathOf(folder), { recursive: true, force: true });
		this.#contents.delete(folder);
		this.#options.notes.forget(folder);
	}

	async #queue<T>(name: string, work: () => Promise<T>): Promise<T> {
		const before = this.#turns.get(name) ?? Promise.resolve();
		const turn = before.then(work, work);
		// Whoever comes next waits for the end of this one, however it ends.
		this.#turns.set(
			name,
			turn.catch(() => undefined),
		);
		return turn;
	}
}
