/** Reads models from a directory of this host or a mount: `<dir>/org/name/…` as a clone has it, or folders in the hub's cache layout. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isCommit, keyOfRef, modelFolder } from '@longshore/shared-schema/endpoint/model-ref';
import { checksumOf, isCommitName, type ModelFile, problemOfPaths } from '../core/model-listing.ts';
import { ModelError, type ModelSource, type ModelWish, SourceDownError } from './model-source.ts';

/** Never part of a model. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.cache']);

/** Everybody on this host may read what its operator put there. */
export function createDirectorySource(root: string): ModelSource {
	return {
		async list(wish) {
			const { directory, commit } = await find(root, wish);
			const files = await filesOf(directory);
			const problem = files.length === 0 ? 'its directory is empty' : problemOfPaths(files.map(({ path }) => path));
			if (problem !== null) throw new ModelError(`model ${keyOfRef(wish.ref)}: ${problem}`);
			return { commit: commit ?? fingerprint(files), files };
		},
		async open(wish, commit, file, fromByte) {
			const path = join((await find(root, wish, commit)).directory, file.path);
			const { size } = await stat(path).catch((error: Error) => {
				throw new SourceDownError(`model ${keyOfRef(wish.ref)}: ${error.message}`);
			});
			const start = fromByte <= size ? fromByte : 0;
			return { fromByte: start, sizeBytes: size, checksum: null, body: createReadStream(path, { start, signal: wish.signal }) };
		},
		mayRead: async () => true,
	};
}

async function find(root: string, { ref }: ModelWish, wanted?: string): Promise<{ readonly directory: string; readonly commit: string | null }> {
	const plain = join(root, ref.repo);
	if (ref.revision === 'main' && existsSync(plain)) return { directory: plain, commit: null };
	for (const folder of [join(root, modelFolder(ref.repo)), join(root, 'hub', modelFolder(ref.repo))]) {
		const commit = wanted ?? (isCommit(ref.revision) ? ref.revision : await readFile(join(folder, 'refs', ref.revision), 'utf8').catch(() => '')).trim();
		if (isCommitName(commit) && existsSync(join(folder, 'snapshots', commit))) return { directory: join(folder, 'snapshots', commit), commit };
	}
	if (!existsSync(root)) throw new SourceDownError(`model ${keyOfRef(ref)}: the mirror's directory ${root} is not there: is it mounted?`);
	throw new ModelError(`model ${keyOfRef(ref)}: the mirror's directory has neither ${ref.repo}${ref.revision === 'main' ? '' : ' at this revision'} nor ${modelFolder(ref.repo)}`);
}

async function filesOf(directory: string): Promise<(ModelFile & { readonly changedAtMs: number })[]> {
	const files: (ModelFile & { readonly changedAtMs: number })[] = [];
	const walk = async (below: string): Promise<void> => {
		for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
			const path = below === '' ? entry.name : `${below}/${entry.name}`;
			if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) await walk(path);
			const isFile = entry.isFile() || entry.isSymbolicLink();
			const info = isFile ? await stat(join(directory, path)) : null;
			// In the cache layout a file is a link to a blob that is named by its checksum.
			const blob = entry.isSymbolicLink() ? basename(await readlink(join(directory, path))) : null;
			if (info?.isFile() === true) files.push({ path, sizeBytes: info.size, checksum: checksumOf(blob), changedAtMs: info.mtimeMs });
		}
	};
	await walk('');
	return files;
}

/** A plain directory names no commit; another content stands for another one. */
function fingerprint(files: readonly { readonly path: string; readonly sizeBytes: number | null; readonly changedAtMs: number }[]): string {
	const lines = files.map(({ path, sizeBytes, changedAtMs }) => `${path}\0${sizeBytes}\0${changedAtMs}\n`).sort();
	return createHash('sha1').update(lines.join('')).digest('hex');
}
