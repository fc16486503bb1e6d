/**
 * Reads models over the Hugging Face hub's two calls, `GET /api/models/{repo}/revision/{rev}` and `GET /{repo}/resolve/{rev}/{file}`,
 * which mirrors serve too; one that is nothing but files at these paths will do.
 */
import { createHash } from 'node:crypto';
import { keyOfRef } from '@longshore/shared-schema/endpoint/model-ref';
import { checksumOf, isCommitName, type ModelFile, type ModelListing, readHubAnswer } from '../core/model-listing.ts';
import { ModelError, type ModelSource, type ModelWish, type OpenFile, SourceDownError } from './model-source.ts';

const ANSWER_MS_MAX = 30_000;
const REDIRECTS_MAX = 5;
/** Files asked about at one time. */
const ASK_AT_ONCE = 4;

/** The answer to a request, and the headers of the first one: a redirect to storage is where the hub says what the file is. */
interface HubAnswer {
	readonly response: Response;
	readonly hub: Headers;
}

/** `address`: without a path, or with one below which a mirror lies. */
export function createHubSource(address: string): ModelSource {
	const base = address.replace(/\/+$/, '');
	const resolveUrl = ({ ref }: ModelWish, revision: string, path: string): string =>
		`${base}/${ref.repo}/resolve/${encodeURIComponent(revision)}/${path.split('/').map(encodeURIComponent).join('/')}`;
	/** A mirror of plain files may have them under the revision's own name only. */
	const resolve = async (wish: ModelWish, commit: string, path: string, init: RequestInit): Promise<HubAnswer> => {
		const answer = await request(wish, resolveUrl(wish, commit, path), init);
		if (answer.response.status !== 404 || commit === wish.ref.revision) return answer;
		await answer.response.body?.cancel();
		const named = await request(wish, resolveUrl(wish, wish.ref.revision, path), init);
		const said = named.hub.get('x-repo-commit');
		if (named.response.ok && said !== null && isCommitName(said) && said.toLowerCase() !== commit)
			throw new SourceDownError(`${describe(wish)}: its files are of commit ${said} by now, no longer of ${commit}`);
		return named;
	};
	const ask = async (wish: ModelWish, commit: string, file: ModelFile): Promise<{ readonly file: ModelFile; readonly commit: string | null }> => {
		const { response, hub } = await resolve(wish, commit, file.path, { method: 'HEAD' });
		if (response.status === 405 || response.status === 501) return { file, commit: null };
		if (!response.ok) throw refusal(wish, response.status, file.path);
		const said = hub.get('x-repo-commit');
		const size = hub.get('x-linked-size') ?? response.headers.get('content-length');
		return {
			file: { path: file.path, sizeBytes: file.sizeBytes ?? (size === null ? null : Number(size)), checksum: file.checksum ?? etagOf(hub) },
			commit: said !== null && isCommitName(said) ? said.toLowerCase() : null,
		};
	};
	return {
		async list(wish) {
			const { response } = await request(wish, `${base}/api/models/${wish.ref.repo}/revision/${encodeURIComponent(wish.ref.revision)}?blobs=true`, {});
			if (!response.ok) {
				await response.body?.cancel();
				throw refusal(wish, response.status, null);
			}
			const read = readHubAnswer(await jsonOf(wish, response));
			if (typeof read === 'string') throw new ModelError(`${describe(wish)}: ${read}`);
			const unknown = read.files.filter(({ sizeBytes, checksum }) => sizeBytes === null || checksum === null);
			if (unknown.length === 0 && read.commit !== null) return { commit: read.commit, files: read.files };
			const asked = await inTurn(unknown.length > 0 ? unknown : read.files.slice(0, 1), (file) => ask(wish, read.commit ?? wish.ref.revision, file));
			const known = new Map(asked.map(({ file }) => [file.path, file]));
			const files = read.files.map((file) => known.get(file.path) ?? file);
			return { commit: read.commit ?? asked.find(({ commit }) => commit !== null)?.commit ?? fingerprint(files), files };
		},
		async open(wish, commit, file, fromByte) {
			const { response, hub } = await resolve(wish, commit, file.path, { headers: fromByte === 0 ? {} : { range: `bytes=${fromByte}-` } });
			if (response.status === 416) {
				await response.body?.cancel();
				return open(await resolve(wish, commit, file.path, {}), wish, file);
			}
			return open({ response, hub }, wish, file);
		},
		async mayRead(wish, listing: ModelListing) {
			// A gated model shows its read-me to everybody, its weights not.
			const [file] = [...listing.files].sort((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0));
			if (file === undefined) return true;
			const { response } = await resolve(wish, listing.commit, file.path, { headers: { range: 'bytes=0-0' } });
			await response.body?.cancel();
			if (response.ok || response.status === 416) return true;
			if ([401, 403, 404].includes(response.status)) return false;
			throw refusal(wish, response.status, file.path);
		},
	};
}

async function open({ response, hub }: HubAnswer, wish: ModelWish, file: ModelFile): Promise<OpenFile> {
	if (!response.ok || response.body === null) {
		await response.body?.cancel();
		throw refusal(wish, response.status, file.path);
	}
	const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
	const fromByte = response.status === 206 ? Number(range?.[1] ?? Number.NaN) : 0;
	if (Number.isNaN(fromByte)) throw new ModelError(`${describe(wish)}: ${file.path}: an answer with a part of the file does not say which`);
	const length = response.headers.get('content-length');
	const encoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
	const sizeBytes = range?.[2] !== undefined && range[2] !== '*' ? Number(range[2]) : length === null || encoded ? null : fromByte + Number(length);
	return { fromByte, sizeBytes, checksum: etagOf(hub), body: response.body };
}

/** Follows redirects itself: the token goes to no other machine, and what the hub says of a file is in its redirect. */
async function request({ token, signal, ref }: ModelWish, url: string, init: RequestInit): Promise<HubAnswer> {
	const origin = new URL(url).origin;
	let next = new URL(url);
	let hub: Headers | null = null;
	for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
		const authorization = token !== null && next.origin === origin ? { authorization: `Bearer ${token}` } : {};
		const headers = { 'user-agent': 'longshore', 'accept-encoding': 'identity', ...(init.headers as Record<string, string> | undefined), ...authorization };
		const late = new AbortController();
		const timer = setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS_MAX / 1_000} s`)), ANSWER_MS_MAX);
		let response: Response;
		try {
			response = await fetch(next, { ...init, headers, redirect: 'manual', signal: AbortSignal.any([signal, late.signal]) });
		} catch (error) {
			throw new SourceDownError(`model ${keyOfRef(ref)}: ${next.origin} cannot be reached: ${causeOf(error)}`);
		} finally {
			clearTimeout(timer);
		}
		hub ??= response.headers;
		const location = response.headers.get('location');
		if (response.status < 300 || response.status >= 400 || location === null) return { response, hub };
		await response.body?.cancel();
		const target = new URL(location, next);
		if (target.protocol !== 'https:' && target.protocol !== next.protocol) throw new ModelError(`model ${keyOfRef(ref)}: ${next.origin} leads to ${target.protocol} addresses`);
		next = target;
	}
	throw new ModelError(`model ${keyOfRef(ref)}: ${origin} leads in a circle`);
}

async function jsonOf(wish: ModelWish, response: Response): Promise<unknown> {
	let text: string;
	try {
		text = await response.text();
	} catch (error) {
		throw new SourceDownError(`${describe(wish)}: its list of files broke off: ${causeOf(error)}`);
	}
	try {
		return JSON.parse(text);
	} catch {
		throw new ModelError(`${describe(wish)}: its list of files is not JSON: does the mirror serve the hub's API?`);
	}
}

/** Says of a refusal what to do about it. */
function refusal(wish: ModelWish, status: number, path: string | null): Error {
	const what = path === null ? describe(wish) : `${describe(wish)}: ${path}`;
	if (status === 401 || status === 403)
		return new ModelError(
			wish.token === null
				? `${what}: the hub gives it to nobody without a token (status ${status}): put one that may read it into a secret and set the endpoint's HF_TOKEN to {{ secret.NAME }}, or check the name`
				: `${what}: the hub refuses the endpoint's HF_TOKEN (status ${status}): check that it may read this model`,
		);
	if (status === 404)
		return new ModelError(
			`${what}: the hub has no such ${path === null ? 'model or revision' : 'file'}: check the name${wish.token === null ? '; a private one needs HF_TOKEN' : ''}`,
		);
	return new SourceDownError(`${what}: the hub answers with status ${status}`);
}

function describe({ ref }: ModelWish): string {
	return `model ${keyOfRef(ref)}`;
}

function etagOf(headers: Headers): ReturnType<typeof checksumOf> {
	return checksumOf(headers.get('x-linked-etag')) ?? checksumOf(headers.get('etag'));
}

/** A source that names no commit: what it lists stands for one. */
function fingerprint(files: readonly ModelFile[]): string {
	const lines = files.map(({ path, sizeBytes, checksum }) => `${path}\0${sizeBytes}\0${checksum?.hex ?? ''}\n`).sort();
	return createHash('sha1').update(lines.join('')).digest('hex');
}

function causeOf(error: unknown): string {
	const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
	return cause?.code ?? cause?.message ?? message ?? String(error);
}

/** As `map`, a few at a time. */
async function inTurn<T, R>(items: readonly T[], one: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	for (let at = 0; at < items.length; at += ASK_AT_ONCE) results.push(...(await Promise.all(items.slice(at, at + ASK_AT_ONCE).map(one))));
	return results;
}
