/** The road of a load-balanced request: paths and headers between edge, broker and host, what is not passed on, and how affinity is written. Pure. */
import * as z from 'zod';
import { ID_PATTERN } from '../limits.ts';

/** Path at a broker, followed by `/{endpointId}` and the path and query for the worker. Signed by the edge, the body left out. */
export const BALANCER_PATH = '/region/v1/balance';
/** `POST` at a broker: answers once the endpoint has a worker for a request, or after `waitMs`. */
export const BALANCER_AWAIT_PATH = '/region/v1/await-worker';
/** In the place of a body's hash in the signature of a streamed request: its body is known only when it has passed. */
export const STREAMED_BODY = 'streamed';

/** Names the worker that answered; in a request: the worker that is wished for. RunPod's. */
export const WORKER_ID_HEADER = 'x-runpod-worker-id';
/** Edge → broker: how long the request may still wait for a worker. ms. */
export const WAIT_HEADER = 'x-longshore-wait-ms';
/** Broker → edge: why the broker itself answered, of `BalancerRefusal`; on no answer of a worker. */
export const REFUSAL_HEADER = 'x-longshore-refused';
/** Broker → host, on `CONNECT`: `socket` for a connection that is no single request. */
export const TUNNEL_KIND_HEADER = 'x-longshore-tunnel';

/** Why no worker answered. `no_grant`: the region has no share of the endpoint, and another one may. */
export type BalancerRefusal =
	| 'no_grant'
	| 'no_workers'
	| 'timed_out'
	| 'worker_timeout'
	| 'affinity_worker_gone'
	| 'too_many_waiting'
	| 'worker_failed'
	| 'region_lost'
	| 'too_slow'
	| 'too_large'
	| 'answer_too_large';

/** What the refusals look like from outside: RunPod's words where it has some. */
export const BALANCER_REFUSALS: Readonly<Record<BalancerRefusal, { readonly status: number; readonly error: string }>> = {
	no_grant: { status: 400, error: 'no workers available' },
	no_workers: { status: 400, error: 'no workers available' },
	timed_out: { status: 400, error: 'timed out waiting for worker' },
	worker_timeout: { status: 400, error: 'worker_timeout' },
	affinity_worker_gone: { status: 404, error: 'affinity_worker_gone' },
	too_many_waiting: { status: 429, error: 'too many requests of this endpoint wait for a worker: try again in a moment' },
	worker_failed: { status: 502, error: 'the worker ended the connection without an answer' },
	region_lost: { status: 502, error: 'the region was lost with the request in hand: a worker may have seen it, so it was not sent again' },
	too_slow: { status: 504, error: 'the worker did not end its answer in time' },
	too_large: { status: 413, error: 'the request body is larger than the limit of 31457280 bytes (30 MiB)' },
	answer_too_large: { status: 502, error: "the worker's answer is larger than the limit of 31457280 bytes (30 MiB)" },
};

/** Body of `POST BALANCER_AWAIT_PATH`. */
export const awaitWorkerRequest = z.object({
	endpointId: z.string().regex(ID_PATTERN),
	waitMs: z.number().min(0).max(600_000),
});
/** Its answer: a request would find a worker now, or why it would not. */
export const awaitWorkerAnswer = z.object({ ready: z.boolean(), refusal: z.string().max(40).optional() });

/** How the load balancer itself says that something is wrong. */
export const balancerError = z
	.union([z.object({ error: z.string() }), z.object({ status: z.int(), title: z.string(), detail: z.string() })])
	.meta({ id: 'BalancerError', description: 'Keys: `{"status": 401, "title": "Unauthorized", "detail": "…"}`; anything else: `{"error": "…"}`.' });

/** Which worker a request wishes for. */
export interface Affinity {
	readonly workerId: string;
	/** Only that worker will do. */
	readonly strict: boolean;
}

/**
 * The wish in `WORKER_ID_HEADER`: `<id>` for a preference, `strict <id>` for that worker only, `strict-resume <id>` which would also bring
 * it back (nothing here brings back a worker that has ended, so it is the same). Null without one; `malformed` for anything else.
 */
export function parseAffinity(header: string | null | undefined): Affinity | null | 'malformed' {
	const text = (header ?? '').trim();
	if (text === '') return null;
	const words = text.split(/\s+/);
	const workerId = words.at(-1) ?? '';
	const mode = words.length === 1 ? '' : (words[0] ?? '').toLowerCase();
	if (words.length > 2 || !ID_PATTERN.test(workerId) || !['', 'strict', 'strict-resume'].includes(mode)) return 'malformed';
	return { workerId, strict: mode !== '' };
}

/** Headers of one connection, not of the request (RFC 9110 §7.6.1), in lower case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);
/** Ours: never passed on to a worker, and believed of nobody but the edge. */
const OWN_PREFIX = 'x-longshore-';

/** Whether a header goes on to the next hop. `connection` is the message's own `Connection`, which may name more. */
export function passesOn(name: string, connection: string): boolean {
	const lower = name.toLowerCase();
	if (HOP_BY_HOP.has(lower) || lower.startsWith(OWN_PREFIX)) return false;
	return (
		connection === '' ||
		!connection
			.toLowerCase()
			.split(',')
			.some((named) => named.trim() === lower)
	);
}
