/** Calls of the edge and of regions: JSON in and out, and every failure as one that says what to do. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import { Failure } from '../failure.ts';
import { plain } from '../terminal/style.ts';

/** A refusal by the API, with its status. */
export class ApiFailure extends Failure {
	readonly status: number;

	constructor(status: number, message: string, fix: string | undefined) {
		super(message, fix);
		this.status = status;
	}
}

export interface CallOptions {
	readonly body?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	/** Time to the answer's end. */
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
}

/** One server with one key. */
export interface ApiClient {
	readonly url: string;
	/** The answer's JSON; `{}` for an empty one. Throws `ApiFailure`, or `Failure` when nobody answers. */
	call(method: string, path: string, options?: CallOptions): Promise<Record<string, unknown>>;
	/** The answer as soon as its head is there, body unread. Throws as `call`. */
	open(method: string, path: string, options?: CallOptions): Promise<Response>;
}

const TIMEOUT_MS = 30_000;

/** `who` names the server in messages: "the edge", "region eu-1". `tokenFix` says how to get in when the key is refused. */
export function createClient(url: string, token: string, who: string, tokenFix: string): ApiClient {
	const open = async (method: string, path: string, options: CallOptions = {}): Promise<Response> => {
		const { body } = options;
		let response: Response;
		try {
			response = await fetch(url + path, {
				method,
				redirect: 'manual',
				headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
				...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
				signal: AbortSignal.any([AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS), ...(options.signal === undefined ? [] : [options.signal])]),
			});
		} catch (error) {
			throw unreachable(error, url, who);
		}
		if (!response.ok) throw refusalOf(response, await response.text().catch(() => ''), { method, path, who, tokenFix });
		return response;
	};
	return {
		url,
		open,
		async call(method, path, options) {
			const response = await open(method, path, options);
			let text: string;
			try {
				text = await response.text();
			} catch (error) {
				throw unreachable(error, url, who);
			}
			if (text === '') return {};
			try {
				const value: unknown = JSON.parse(text);
				if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
			} catch {
				// Said below: the text is not what a Longshore answers.
			}
			throw new Failure(`${method} ${url}${path} answered with something that is not Longshore's JSON`, `Is ${url} a Longshore? Check with: longshore context show`);
		},
	};
}

function unreachable(error: unknown, url: string, who: string): Error {
	if (!(error instanceof Error)) return new Failure(String(error));
	if (error.name === 'AbortError') return error;
	if (error.name === 'TimeoutError') return new Failure(`${who} at ${url} did not answer in time`, 'Try again; "longshore doctor" says what is wrong.');
	const cause = error.cause as { code?: string; message?: string } | undefined;
	const why = cause?.code === 'ECONNREFUSED' ? 'nobody listens there' : (cause?.code ?? cause?.message ?? error.message);
	return new Failure(`${who} at ${url} cannot be reached: ${why}`, 'Does it run? A local stack starts with "npm start"; "longshore doctor" checks the rest.');
}

interface Refused {
	readonly method: string;
	readonly path: string;
	readonly who: string;
	readonly tokenFix: string;
}

/** The API's own words: `error` of the job API, `detail` and `errors` of problem+json. */
function refusalOf(response: Response, text: string, { method, path, who, tokenFix }: Refused): ApiFailure {
	const { status } = response;
	const said = wordsOf(text);
	const call = `${method} ${path.split('?')[0]}`;
	const retryAfterS = response.headers.get('retry-after');
	if (status === 401) return new ApiFailure(status, `${who} refused the key: ${said || 'invalid'}`, tokenFix);
	if (status === 403) return new ApiFailure(status, said || 'the key may not do that', 'Use a key with that scope: longshore login');
	if (status === 404 && /no such route/.test(said)) return new ApiFailure(status, `${who} does not know ${call}`, 'It may be an older Longshore than this command: update it.');
	if (status === 429) return new ApiFailure(status, said || 'too many requests', retryAfterS === null ? 'Try again in a moment.' : `Try again in ${retryAfterS} s.`);
	if (status >= 500)
		return new ApiFailure(status, `${who} failed: ${said || response.statusText} (${call} answered ${status})`, 'Try again; "longshore doctor" looks for the cause.');
	return new ApiFailure(status, said || `${call} answered ${status}`, undefined);
}

function wordsOf(text: string): string {
	try {
		const body = JSON.parse(text) as Record<string, unknown>;
		const errors = Array.isArray(body['errors']) ? body['errors'].map(problemText).filter((one) => one !== '') : [];
		const detail = typeof body['detail'] === 'string' ? body['detail'] : typeof body['error'] === 'string' ? body['error'] : '';
		if (errors.length > 1 || (errors.length === 1 && detail === '')) return errors.map(plain).join('\n');
		if (detail !== '') return plain(detail);
		return typeof body['title'] === 'string' ? plain(body['title']) : '';
	} catch {
		return '';
	}
}

/** One of `errors`: a text, or a field with what is wrong. */
function problemText(value: unknown): string {
	if (typeof value === 'string') return value;
	if (typeof value !== 'object' || value === null) return '';
	const { field, path, pointer, message, detail } = value as Record<string, unknown>;
	const at = [field, path, pointer].find((one) => typeof one === 'string');
	const what = [message, detail].find((one) => typeof one === 'string');
	return what === undefined ? '' : at === undefined ? String(what) : `${String(at)}: ${String(what)}`;
}

/** The failure for a name that none of `known` is. */
export function notFound(kind: string, name: string, known: readonly string[], listCommand: string): Failure {
	return new Failure(`no ${kind} "${plain(name)}" here${suggestion(name, known)}`, `See what is there: ${listCommand}`);
}
