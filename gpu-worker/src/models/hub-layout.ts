/**
 * The Hugging Face hub's cache layout on disk: `models--org--name/{blobs,refs,snapshots}`, as the hub's own client reads it. A snapshot
 * is there as a whole or not at all: it appears by one rename, after all of its blobs.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { INCOMPLETE } from './fetch-file.ts';

/** A file of a snapshot, and the blob that it is a link to. */
export interface SnapshotFile {
	readonly path: string;
	readonly blob: string;
}

export interface BlobOnDisk {
	readonly name: string;
	readonly bytes: number;
	readonly changedAtMs: number;
}

/** What lies in one model's folder. */
export interface FolderContent {
	readonly blobs: readonly BlobOnDisk[];
	/** Complete ones: commit → names of their blobs. */
	readonly snapshots: ReadonlyMap<string, ReadonlySet<string>>;
	/** Revision → commit. */
	readonly refs: ReadonlyMap<string, string>;
}

/** Directory of the blobs in a model's folder, made where it is missing. */
export function blobsOf(folder: string): string {
	const blobs = join(folder, 'blobs');
	mkdirSync(blobs, { recursive: true, mode: 0o755 });
	return blobs;
}

/** Puts a snapshot together under `scratch` and shows it. */
export function writeSnapshot(folder: string, commit: string, files: readonly SnapshotFile[], scratch: string): void {
	rmSync(scratch, { recursive: true, force: true });
	mkdirSync(scratch, { recursive: true, mode: 0o755 });
	for (const { path, blob } of files) {
		const link = join(scratch, path);
		mkdirSync(dirname(link), { recursive: true, mode: 0o755 });
		// From `snapshots/<commit>/<path>`; relative, so that it holds wherever the folder is mounted.
		symlinkSync(`${'../'.repeat(path.split('/').length + 1)}blobs/${blob}`, link);
	}
	const target = join(folder, 'snapshots', commit);
	mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
	rmSync(target, { recursive: true, force: true });
	renameSync(scratch, target);
}

/** Says what a revision stands for. */
export function writeRef(folder: string, revision: string, commit: string): void {
	const path = join(folder, 'refs', revision);
	mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
	// Beside `refs`: whoever lists revisions must not find it.
	const fresh = join(folder, '.ref');
	writeFileSync(fresh, commit);
	renameSync(fresh, path);
}

/** Looks at a model's folder; null when there is none. */
export function readFolder(folder: string): FolderContent | null {
	if (!existsSync(folder)) return null;
	const blobs = namesIn(join(folder, 'blobs')).map((name): BlobOnDisk => {
		const { size, mtimeMs } = statSync(join(folder, 'blobs', name));
		return { name, bytes: size, changedAtMs: mtimeMs };
	});
	const whole = new Set(blobs.map(({ name }) => name).filter((name) => !name.endsWith(INCOMPLETE)));
	const snapshots = new Map<string, ReadonlySet<string>>();
	for (const commit of namesIn(join(folder, 'snapshots'))) {
		const used = blobNames(join(folder, 'snapshots', commit));
		if (used.size > 0 && [...used].every((name) => whole.has(name))) snapshots.set(commit, used);
	}
	const refs = new Map<string, string>();
	for (const revision of filesBelow(join(folder, 'refs'))) refs.set(revision, readFileSync(join(folder, 'refs', revision), 'utf8').trim());
	return { blobs, snapshots, refs };
}

/** Removes a snapshot with the revisions that stand for it and the blobs that nothing else needs; `wanted` ones stay. */
export function removeSnapshot(folder: string, commit: string, wanted: ReadonlySet<string>): void {
	const content = readFolder(folder);
	if (content === null) return;
	rmSync(join(folder, 'snapshots', commit), { recursive: true, force: true });
	for (const [revision, named] of content.refs) if (named === commit) rmSync(join(folder, 'refs', revision), { force: true });
	const kept = new Set([...wanted, ...[...content.snapshots].flatMap(([other, blobs]) => (other === commit ? [] : [...blobs]))]);
	for (const name of content.snapshots.get(commit) ?? []) if (!kept.has(name)) rmSync(join(folder, 'blobs', name), { force: true });
}

/** Blobs that no snapshot needs: what is left of downloads. */
export function looseBlobs({ blobs, snapshots }: FolderContent): readonly BlobOnDisk[] {
	const used = new Set([...snapshots.values()].flatMap((names) => [...names]));
	return blobs.filter(({ name }) => !used.has(name));
}

function blobNames(snapshot: string): Set<string> {
	const links = filesBelow(snapshot).map((path) => join(snapshot, path));
	return new Set(links.map((link) => (lstatSync(link).isSymbolicLink() ? basename(readlinkSync(link)) : '')));
}

function filesBelow(directory: string): string[] {
	if (!existsSync(directory)) return [];
	return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
		entry.isDirectory() ? filesBelow(join(directory, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name],
	);
}

function namesIn(directory: string): string[] {
	return existsSync(directory) ? readdirSync(directory) : [];
}
