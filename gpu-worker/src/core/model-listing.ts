/** What a model consists of, as its hub or mirror lists it. Nothing of a listing is believed before it has passed here: its paths become paths of this host. */
import { MODEL_FILES_MAX, MODEL_PATH_CHARS_MAX } from '@longshore/shared-schema/limits';
import * as z from 'zod';

/** How a file's content is proven: SHA-256 of it (large files), or its name as a blob of git (small ones). */
export interface Checksum {
	readonly kind: 'sha256' | 'git-sha1';
	/** Lower case. */
	readonly hex: string;
}

export interface ModelFile {
	/** Below the model's root, with `/`. */
	readonly path: string;
	/** Null: not said. */
	readonly sizeBytes: number | null;
	readonly checksum: Checksum | null;
}

export interface ModelListing {
	/** What the revision stands for now. */
	readonly commit: string;
	readonly files: readonly ModelFile[];
}

const sibling = z.object({
	rfilename: z.string(),
	size: z.int().min(0).nullish(),
	blobId: z.string().nullish(),
	lfs: z.object({ sha256: z.string().optional(), oid: z.string().optional(), size: z.int().min(0).optional() }).nullish(),
});

/** Answer of the hub's `GET /api/models/{repo}/revision/{revision}`; mirrors may leave `sha` and what they know of each file out. */
const answer = z.object({ sha: z.string().nullish(), siblings: z.array(sibling).min(1).max(MODEL_FILES_MAX) });

/** The listing in a hub's answer, `commit` null where it names none; a text says what is wrong with it. */
export function readHubAnswer(body: unknown): { readonly commit: string | null; readonly files: readonly ModelFile[] } | string {
	const parsed = answer.safeParse(body);
	if (!parsed.success) return `its list of files cannot be read (${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)[0]})`;
	const { sha, siblings } = parsed.data;
	const problem = problemOfPaths(siblings.map(({ rfilename }) => rfilename));
	if (problem !== null) return problem;
	const files = siblings.map(({ rfilename, size, blobId, lfs }): ModelFile => {
		const large = checksumOf(lfs?.sha256 ?? lfs?.oid ?? null);
		return { path: rfilename, sizeBytes: lfs?.size ?? size ?? null, checksum: large ?? (lfs === null || lfs === undefined ? checksumOf(blobId ?? null) : null) };
	});
	return { commit: typeof sha === 'string' && isCommitName(sha) ? sha.toLowerCase() : null, files };
}

/** The checksum that an ETag, an object id or a blob's name is; null when it is none. */
export function checksumOf(text: string | null): Checksum | null {
	const hex = (text ?? '')
		.trim()
		.replace(/^W\//, '')
		.replaceAll('"', '')
		.replace(/^sha256:/, '')
		.toLowerCase();
	if (/^[0-9a-f]{64}$/.test(hex)) return { kind: 'sha256', hex };
	return /^[0-9a-f]{40}$/.test(hex) ? { kind: 'git-sha1', hex } : null;
}

/** Whether a text can be the name of a commit, which becomes the name of a directory. */
export function isCommitName(text: string): boolean {
	return /^[0-9A-Fa-f]{7,64}$/.test(text);
}

/** What is wrong with files' paths: one that would lead out of the model, or two that cannot be beside each other. Null: nothing. */
export function problemOfPaths(paths: readonly string[]): string | null {
	const bad = paths.find((path) => !isPlainPath(path));
	if (bad !== undefined) return `it lists a file that no model may have: ${JSON.stringify(bad.slice(0, 100))}`;
	const files = new Set(paths);
	if (files.size < paths.length) return 'it lists a file twice';
	const nested = paths.find((path) => path.split('/').some((_, depth, parts) => depth > 0 && files.has(parts.slice(0, depth).join('/'))));
	return nested === undefined ? null : `it lists a file below another file: ${JSON.stringify(nested.slice(0, 100))}`;
}

function isPlainPath(path: string): boolean {
	if (path.length === 0 || path.length > MODEL_PATH_CHARS_MAX || path.includes('\\') || /\p{Cc}/u.test(path)) return false;
	return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);
}
