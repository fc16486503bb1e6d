/** Takes the URL of a worker's request apart: `/v2/{endpoint}/{verb}/{worker}[/{job}]` and whatever query the worker's SDK has glued to it. */
import { ID_PATTERN } from '@longshore/shared-schema/limits';

const VERBS = ['job-take', 'job-take-batch', 'job-done', 'job-stream', 'ping', 'job-stop'] as const;
export type BridgeVerb = (typeof VERBS)[number];

/** A request of the worker protocol. `jobId` is there exactly for `job-done` and `job-stream`. */
export interface BridgeRoute {
	readonly verb: BridgeVerb;
	readonly endpointId: string;
	readonly workerId: string;
	readonly jobId: string | null;
	/** Undecoded, to be read with `queryValue`. */
	readonly query: string;
}

/** The route of `url`, or null when it is none of the protocol. The query may begin with `?` or, on URLs that had none, with `&`. */
export function parseRoute(url: string): BridgeRoute | null {
	const end = url.search(/[?&]/);
	const path = end < 0 ? url : url.slice(0, end);
	const [empty, version, endpointId, verb, workerId, jobId, ...rest] = path.split('/');
	const needsJob = verb === 'job-done' || verb === 'job-stream';
	if (empty !== '' || version !== 'v2' || rest.length > 0 || needsJob !== (jobId !== undefined)) return null;
	if (!isVerb(verb) || !isId(endpointId) || !isId(workerId) || (jobId !== undefined && !isId(jobId))) return null;
	return { verb, endpointId, workerId, jobId: jobId ?? null, query: end < 0 ? '' : url.slice(end + 1) };
}

/** The decoded value of `name` in a query; the last one counts, because SDKs append to what the URL already had. */
export function queryValue(query: string, name: string): string | null {
	let value: string | null = null;
	for (const part of query.split(/[?&]/)) {
		if (part.startsWith(name) && part.charCodeAt(name.length) === 61) value = decode(part.slice(name.length + 1));
	}
	return value;
}

/** The key in an `Authorization` header: workers send it bare, some images with `Bearer`. */
export function presentedKey(header: string | undefined): string {
	if (header === undefined) return '';
	return (header.slice(0, 7).toLowerCase() === 'bearer ' ? header.slice(7) : header).trim();
}

function isVerb(text: string | undefined): text is BridgeVerb {
	return (VERBS as readonly (string | undefined)[]).includes(text);
}

function isId(text: string | undefined): text is string {
	return text !== undefined && ID_PATTERN.test(text);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text.replaceAll('+', ' '));
	} catch {
		return text;
	}
}
