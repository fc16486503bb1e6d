/** A Hugging Face hub on loopback, or a mirror of it: the API's list of files, files with its headers, redirects of large ones to storage, ranges; and faults at will. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Files from this size on are large ones: elsewhere, proven by SHA-256. */
const LARGE_BYTES = 100_000;

export interface MirrorModel {
	readonly repo: string;
	/** Revision → commit. */
	readonly refs?: Readonly<Record<string, string>>;
	readonly files: Readonly<Record<string, Uint8Array>>;
	/** Opens it; left out: everybody may. */
	readonly token?: string;
	/** Its list may be read by everybody all the same. */
	readonly isGated?: boolean;
}

export interface Asked {
	readonly method: string;
	readonly path: string;
	readonly range: string | null;
	readonly token: string | null;
	/** Bytes of the answer that were written. */
	bytes: number;
}

export interface ModelMirror {
	readonly url: string;
	readonly asked: Asked[];
	/** Requests for contents: what a download consists of. */
	downloads(): Asked[];
	put(model: MirrorModel): void;
	/** Of a file's content, what is sent before the connection breaks, once; by path. */
	readonly breaks: Map<string, number>;
	/** Other bytes than were promised; by path. */
	readonly lies: Map<string, Uint8Array>;
	/** Knows names only, as plain mirrors do. */
	isPlain: boolean;
	/** Knows no ranges. */
	ignoresRanges: boolean;
	/** Answers everything with this status. */
	status: number | null;
	/** Nothing of a file's content goes out before this is called off. */
	hold(): () => void;
	stop(): Promise<void>;
}

/** Pseudo-random bytes, the same for the same seed. */
export function someBytes(length: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(length);
	let state = (seed * 2_654_435_761 + 1) >>> 0;
	const words = new Uint32Array(bytes.buffer, 0, Math.floor(length / 4));
	for (let at = 0; at < words.length; at++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state = (state ^ (state << 5)) >>> 0;
		words[at] = state;
	}
	return bytes;
}

export function commitOf(text: string): string {
	return createHash('sha1').update(text).digest('hex');
}

/** Starts a mirror without models. */
export async function startModelMirror(): Promise<ModelMirror> {
	const models = new Map<string, MirrorModel>();
	let held: { promise: Promise<void>; release: () => void } | null = null;
	const server = createServer((request, response) => void answer(request, response));
	const mirror: ModelMirror = {
		url: '',
		asked: [],
		downloads: () => mirror.asked.filter(({ method, path }) => method === 'GET' && (path.startsWith('/storage/') || path.includes('/resolve/'))),
		put(model) {
			models.set(model.repo, model);
			for (const content of Object.values(model.files)) blobFacts(content);
		},
		breaks: new Map(),
		lies: new Map(),
		isPlain: false,
		ignoresRanges: false,
		status: null,
		hold() {
			let release = (): void => {};
			const promise = new Promise<void>((resolve) => {
				release = resolve;
			});
			held = { promise, release };
			return () => {
				held = null;
				release();
			};
		},
		async stop() {
			held?.release();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const url = new URL(request.url ?? '/', 'http://mirror');
		const asked: Asked = {
			method: request.method ?? '',
			path: url.pathname,
			range: request.headers.range ?? null,
			token: request.headers.authorization?.replace(/^Bearer /, '') ?? null,
			bytes: 0,
		};
		mirror.asked.push(asked);
		if (mirror.status !== null) return end(response, mirror.status);
		const [, listed = '', listedRevision = ''] = /^\/api\/models\/(.+)\/revision\/([^/]+)$/.exec(url.pathname) ?? [];
		if (listed !== '') return list(mirror, models.get(listed), decodeURIComponent(listedRevision), url, asked, response);
		const [, kind = '', repo = '', revision = '', path = ''] = /^\/(?:(storage)\/)?([\w.-]+(?:\/[\w.-]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
		const model = models.get(repo);
		if (model === undefined) return end(response, 404);
		const file = { model, revision: decodeURIComponent(revision), path: decodeURIComponent(path), isStorage: kind === 'storage' };
		await serveFile(mirror, file, asked, response, () => held?.promise);
	};
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return Object.assign(mirror, { url: addressOf(server) });
}

function list(mirror: ModelMirror, model: MirrorModel | undefined, revision: string, url: URL, asked: Asked, response: ServerResponse): void {
	const commit = model === undefined ? undefined : commitIn(model, revision);
	if (model === undefined || commit === undefined) return end(response, 404);
	if (model.token !== undefined && model.isGated !== true && asked.token !== model.token) return end(response, 401);
	const siblings = Object.entries(model.files).map(([rfilename, content]) => ({
		rfilename,
		...(mirror.isPlain || url.searchParams.get('blobs') !== 'true' ? {} : blobFacts(content)),
	}));
	response.setHeader('content-type', 'application/json');
	end(response, 200, JSON.stringify({ id: model.repo, ...(mirror.isPlain ? {} : { sha: commit }), siblings }));
}

interface ServedFile {
	readonly model: MirrorModel;
	readonly revision: string;
	readonly path: string;
	/** The content of a large file lies here, and not with the hub. */
	readonly isStorage: boolean;
}

async function serveFile(mirror: ModelMirror, file: ServedFile, asked: Asked, response: ServerResponse, held: () => Promise<void> | undefined): Promise<void> {
	const { model, revision, path, isStorage } = file;
	const content = model.files[path];
	const commit = commitIn(model, revision);
	if (content === undefined || commit === undefined) return end(response, 404);
	if (!isStorage && model.token !== undefined && asked.token !== model.token) return end(response, model.isGated === true ? 403 : 401);
	const { size, blobId, lfs } = blobFacts(content);
	if (!isStorage) response.setHeader('x-repo-commit', commit);
	if (!isStorage && lfs !== undefined && !mirror.isPlain) {
		response.setHeader('x-linked-etag', `"${lfs.sha256}"`);
		response.setHeader('x-linked-size', String(size));
		response.setHeader('etag', '"of-the-pointer"');
		// Another name of this machine: another origin, as the hub's storage is.
		response.setHeader('location', `http://localhost:${new URL(mirror.url).port}/storage${asked.path}`);
		return end(response, 302);
	}
	response.setHeader('etag', `"${lfs?.sha256 ?? blobId}"`);
	const from = mirror.ignoresRanges ? 0 : Number(/^bytes=(\d+)-/.exec(asked.range ?? '')?.[1] ?? 0);
	if (from > 0 && from >= size) return end(response, 416);
	const body = (mirror.lies.get(path) ?? content).subarray(from);
	const isPart = !mirror.ignoresRanges && asked.range !== null;
	if (isPart) response.setHeader('content-range', `bytes ${from}-${size - 1}/${size}`);
	response.setHeader('content-length', String(body.length));
	response.writeHead(isPart ? 206 : 200);
	if (asked.method === 'HEAD') return void response.end();
	await held();
	const breaksAt = mirror.breaks.get(path);
	if (breaksAt === undefined || breaksAt >= body.length) {
		asked.bytes = body.length;
		return void response.end(body);
	}
	mirror.breaks.delete(path);
	asked.bytes = breaksAt;
	// What its reader has not taken yet is lost with the connection.
	response.write(body.subarray(0, breaksAt), () => setTimeout(() => response.destroy(), 500));
}

interface BlobFacts {
	readonly size: number;
	readonly blobId: string;
	readonly lfs?: { readonly sha256: string; readonly size: number; readonly pointerSize: number };
}

/** Large contents are asked about again and again. */
const known = new WeakMap<Uint8Array, BlobFacts>();

function blobFacts(content: Uint8Array): BlobFacts {
	const facts = known.get(content) ?? factsOf(content);
	known.set(content, facts);
	return facts;
}

function factsOf(content: Uint8Array): BlobFacts {
	const size = content.length;
	if (size < LARGE_BYTES) return { size, blobId: createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex') };
	const sha256 = createHash('sha256').update(content).digest('hex');
	return { size, blobId: commitOf(`pointer to ${sha256}`), lfs: { sha256, size, pointerSize: 130 } };
}

/** SHA-256 of a content, found once for a large one. */
export function sha256Of(content: Uint8Array): string {
	return blobFacts(content).lfs?.sha256 ?? createHash('sha256').update(content).digest('hex');
}

function commitIn({ repo, refs = {} }: MirrorModel, revision: string): string | undefined {
	const all: Record<string, string> = { main: commitOf(repo), ...refs };
	return all[revision] ?? Object.values(all).find((commit) => commit === revision);
}

function end(response: ServerResponse, status: number, body = ''): void {
	response.writeHead(status);
	response.end(body);
}

function addressOf(server: Server): string {
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
