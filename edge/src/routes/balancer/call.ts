/** A load-balanced request: gate, region, and then bytes both ways as they come. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { BALANCED_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type Affinity, BALANCER_REFUSALS, type BalancerRefusal, parseAffinity, REFUSAL_HEADER, WORKER_ID_HEADER } from '@longshore/shared-schema/wire/load-balancer';
import type { BalancedTarget } from '../../core/balanced-path.ts';
import { type Env, settingsOf } from '../../env.ts';
import { readBody } from '../../gate/body.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { holdUntil } from '../../gate/rate-limit.ts';
import { logError } from '../../log.ts';
import { type StreamedRequest, streamToRegion } from '../../regions/region-stream.ts';
import { findPlace, forgetRoutes, noteFailed, noteInFlight, noteWorker, type Place, TURN_MS } from './find-region.ts';
import { headersForClient, headersForRegion } from './headers.ts';

/** A body up to this is read before it is sent. Bytes. */
const REPEATABLE_BYTES_MAX = 64 * 1024;
/** Methods that a request to a region can be made of. */
const METHOD = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK|REPORT|SEARCH|PURGE)$/;

/** Methods by which asking twice changes nothing. */
const SAFE_METHOD = /^(GET|HEAD|OPTIONS)$/;
/** A region that is not there refuses within this; what fails later was under way. ms. */
const REFUSED_WITHIN_MS = 250;

/** The worker's answer, or ours. Throws the gate's errors. */
export async function callBalanced(env: Env, request: Request, ctx: ExecutionContext, target: BalancedTarget): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, target.endpointId, 'run', 'load-balancer');
	if (endpoint.spec.type !== 'LOAD_BALANCER')
		throw new LongshoreError('invalid_request', `this is a queue endpoint: send jobs to /v2/${endpoint.id}/run or /v2/${endpoint.id}/runsync`);
	if (!METHOD.test(request.method)) throw new LongshoreError('method_not_allowed', `${request.method.slice(0, 20)} cannot be passed on`);
	// Refuses it after it was read and thrown away: a client that still sends would not see the answer.
	if (Number(request.headers.get('content-length') ?? 0) > BALANCED_BODY_BYTES_MAX) await readBody(request, BALANCED_BODY_BYTES_MAX);
	const affinity = parseAffinity(request.headers.get(WORKER_ID_HEADER));
	if (affinity === 'malformed') throw new LongshoreError('invalid_request', `${WORKER_ID_HEADER}: must be a worker's id, "strict <id>" or "strict-resume <id>"`);
	return attempt(env, request, ctx, target, affinity, Date.now() + settingsOf(env).LONGSHORE_BALANCER_WAIT_MS);
}

/**
 * A request whose body is at hand may go to another region when the first says that no worker has seen it. A region that is lost says nothing: then
 * only a request goes elsewhere that changes nothing (RFC 9110 §9.2.1) and that failed at once. A stream can be sent once.
 */
async function attempt(env: Env, request: Request, ctx: ExecutionContext, target: BalancedTarget, affinity: Affinity | null, deadline: number): Promise<Response> {
	const body = await bodyOf(request);
	const isAtHand = !(body instanceof ReadableStream);
	while (true) {
		const place = await findPlace(env, ctx, target.endpointId, affinity, deadline, request.signal);
		if (typeof place === 'string') return refused(place);
		const mayRepeat = isAtHand && place.waitMs > TURN_MS;
		const sentAt = Date.now();
		const answer = await forward(env, request, body, target, mayRepeat && affinity?.strict !== true ? { ...place, waitMs: TURN_MS } : place);
		const isUnseen = SAFE_METHOD.test(request.method) && Date.now() - sentAt < REFUSED_WITHIN_MS;
		if (answer === null && !(mayRepeat && isUnseen && affinity?.strict !== true)) return refused('region_lost');
		if (answer !== null && !(mayRepeat && isWorthAnotherRegion(answer))) return passBack(ctx, answer, place.region);
		forgetRoutes(target.endpointId);
	}
}

/** The body itself where it is small, so that it can be sent again; a larger one as it comes. */
async function bodyOf(request: Request): Promise<Uint8Array | ReadableStream<Uint8Array> | null> {
	const declared = Number(request.headers.get('content-length') ?? Number.NaN);
	return request.body !== null && declared <= REPEATABLE_BYTES_MAX ? request.bytes() : request.body;
}

/** The region has no worker for it, and the worker of another one has not seen it. */
function isWorthAnotherRegion(answer: Response): boolean {
	const refusal = answer.headers.get(REFUSAL_HEADER);
	return refusal === 'no_grant' || refusal === 'timed_out';
}

/** Null when the region is out of reach. */
async function forward(
	env: Env,
	request: Request,
	body: StreamedRequest['body'],
	{ endpointId, path, prefix }: BalancedTarget,
	{ region, url, waitMs }: Place,
): Promise<Response | null> {
	noteInFlight(region, 1);
	try {
		const headers = headersForRegion(request, prefix, waitMs);
		const isSocket = request.headers.get('upgrade')?.toLowerCase() === 'websocket';
		if (isSocket) headers.set('upgrade', 'websocket');
		return await streamToRegion(env, url, { endpointId, path, method: request.method, headers, body });
	} catch (error) {
		noteInFlight(region, -1);
		noteFailed(region);
		logError('region out of reach', error, { region, endpoint: endpointId });
		return null;
	}
}

/** The answer as it comes; it counts as under way until its body has ended. */
function passBack(ctx: ExecutionContext, answer: Response, region: string): Response {
	const workerId = answer.headers.get(WORKER_ID_HEADER);
	if (workerId !== null) noteWorker(workerId, region);
	const headers = headersForClient(answer);
	if (answer.webSocket !== null || answer.body === null) {
		noteInFlight(region, -1);
		return new Response(null, { status: answer.status, statusText: answer.statusText, headers, webSocket: answer.webSocket });
	}
	if (headers.has('content-encoding')) {
		// The runtime decodes what is read here: only a body that nobody touches stays compressed. Its end is not seen then.
		noteInFlight(region, -1);
		return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
	}
	const through = new IdentityTransformStream();
	const ended = answer.body.pipeTo(through.writable).then(
		() => noteInFlight(region, -1),
		() => noteInFlight(region, -1), // The client or the worker has left: the other side sees it by itself.
	);
	ctx.waitUntil(ended);
	return holdUntil(new Response(through.readable, { status: answer.status, statusText: answer.statusText, headers }), ended);
}

function refused(refusal: BalancerRefusal): Response {
	const { status, error } = BALANCER_REFUSALS[refusal];
	return Response.json({ error }, { status });
}
