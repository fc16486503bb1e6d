/** The broker's routes: who may call what, with how large a body, and which verb answers. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { DISPATCH_BATCH_BYTES_MAX, INLINE_PAYLOAD_BYTES_MAX, OUTPUT_BYTES_MAX, REGION_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { BALANCER_AWAIT_PATH } from '@longshore/shared-schema/wire/load-balancer';
import { REGION_PATHS } from '@longshore/shared-schema/wire/region';
import { ATTEMPT_HEADER } from '@longshore/shared-schema/wire/signature';
import { type Context, Hono } from 'hono';
import type { HostDuty } from '../core/host-duty.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import type { createVerifier } from '../edge/signature.ts';
import type { Answer } from '../ingress/answer.ts';
import { readTransfer, sendPayload, type Transfer, uploadOutput } from '../ingress/payload.ts';
import { errorText, type Log } from '../log.ts';
import { DUTY_OF_VERB } from '../operator/host-duty.ts';
import { createBearerCheck } from './bearer.ts';
import { readBody } from './read-body.ts';

export interface AppOptions {
	readonly verify: ReturnType<typeof createVerifier>;
	readonly operatorToken: string;
	/** Whether the token is that of a host which belongs to the region; null: nobody can say yet. */
	readonly isHost: (token: string) => boolean | null;
	readonly enrolHost: (id: string, body: unknown) => Promise<Answer>;
	readonly revokeHost: (id: string) => Promise<Answer>;
	readonly redeemToken: (body: unknown) => Promise<Answer>;
	readonly edge: EdgeClient;
	readonly dispatch: (body: Uint8Array) => Promise<Answer>;
	readonly revoke: (body: unknown) => Promise<Answer>;
	readonly inventory: (body: unknown) => Promise<Answer>;
	readonly endpoints: (body: unknown) => Promise<Answer>;
	readonly endpointWorkers: (body: unknown) => Promise<Answer>;
	readonly decisions: (body: unknown) => Promise<Answer>;
	readonly awaitWorker: (body: unknown, signal: AbortSignal) => Promise<Answer>;
	readonly hosts: () => unknown;
	readonly host: (id: string) => Answer;
	readonly giveDuty: (id: string, duty: HostDuty) => Promise<Answer>;
	readonly setGpu: (hostId: string, gpu: string, verb: 'quarantine' | 'release', body: unknown) => Promise<Answer>;
	readonly evictWorker: (id: string, body: unknown) => Promise<Answer>;
	readonly logs: (body: unknown) => Promise<Answer>;
	readonly workers: () => unknown;
	readonly queues: () => Promise<unknown>;
	readonly readiness: () => Readonly<Record<string, boolean>>;
	readonly log: Log;
}

const SMALL_BODY_BYTES_MAX = 16 * 1024;

type Env = { Bindings: HttpBindings };

/** Routes over their verbs. */
export function createApp(options: AppOptions): Hono<Env> {
	const app = new Hono<Env>();
	app.get('/livez', (c) => c.json({ ok: true }));
	app.get('/readyz', (c) => {
		const checks = options.readiness();
		const ok = Object.values(checks).every(Boolean);
		return c.json(c.req.query('verbose') === undefined ? { ok } : { ok, checks }, ok ? 200 : 503);
	});

	const isOperator = createBearerCheck(options.operatorToken);
	app.use('/operator/v1/*', async (c, next) => (isOperator(c.req.header('authorization')) ? next() : c.json({ error: 'operator token required' }, 401)));
	app.get('/operator/v1/hosts', (c) => c.json(options.hosts() as object));
	app.get('/operator/v1/hosts/:id', (c) => respond(c, options.host(c.req.param('id'))));
	for (const [verb, duty] of Object.entries(DUTY_OF_VERB)) app.post(`/operator/v1/hosts/:id/${verb}`, async (c) => respond(c, await options.giveDuty(c.req.param('id'), duty)));
	app.post('/operator/v1/hosts/:id/enrol', async (c) => withJson(c, (body) => options.enrolHost(c.req.param('id'), body)));
	app.post('/operator/v1/hosts/:id/revoke', async (c) => respond(c, await options.revokeHost(c.req.param('id'))));
	for (const verb of ['quarantine', 'release'] as const)
		app.post(`/operator/v1/hosts/:id/gpus/:gpu/${verb}`, async (c) => withJson(c, (body) => options.setGpu(c.req.param('id'), c.req.param('gpu'), verb, body)));
	app.post('/operator/v1/workers/:id/evict', async (c) => withJson(c, (body) => options.evictWorker(c.req.param('id'), body)));
	app.get('/operator/v1/workers', (c) => c.json(options.workers() as object));
	app.get('/operator/v1/queues', async (c) => c.json((await options.queues()) as object));

	regionRoutes(app, options);
	hostRoutes(app, options);
	app.notFound((c) => c.json({ error: 'no such route' }, 404));
	app.onError((error, c) => {
		options.log.error('a request failed', { path: c.req.path, error: errorText(error) });
		return c.json({ error: 'internal error' }, 500);
	});
	return app;
}

function regionRoutes(app: Hono<Env>, options: AppOptions): void {
	/** Size, then signature, then meaning; nothing changes state before the signature was found good. */
	const signed =
		(bytesMax: number, verb: (body: Buffer, c: Context<Env>) => Promise<Answer>) =>
		async (c: Context<Env>): Promise<Response> => {
			const { incoming } = c.env;
			const body = await readBody(incoming, bytesMax);
			if (body === null) return refuse(c, { status: 413, body: { error: `body exceeds ${bytesMax} bytes; send smaller batches` } });
			const problem = options.verify({ method: incoming.method ?? '', pathAndQuery: incoming.url ?? '', rawHeaders: incoming.rawHeaders, body });
			if (problem !== null) return refuse(c, { status: 401, body: { error: problem } });
			return respond(c, await verb(body, c));
		};
	const json = (verb: (body: unknown, c: Context<Env>) => Promise<Answer>) => (body: Buffer, c: Context<Env>) => {
		let parsed: unknown;
		try {
			parsed = JSON.parse(body.toString());
		} catch {
			return Promise.resolve<Answer>({ status: 400, body: { error: 'body: must be JSON' } });
		}
		return verb(parsed, c);
	};
	// A batch's limit counts payloads; one inline payload and the head lines may come on top.
	app.post(REGION_PATHS.dispatch, signed(DISPATCH_BATCH_BYTES_MAX + INLINE_PAYLOAD_BYTES_MAX + 256 * 1024, options.dispatch));
	app.post(REGION_PATHS.revoke, signed(REGION_BODY_BYTES_MAX, json(options.revoke)));
	app.post(REGION_PATHS.inventory, signed(REGION_BODY_BYTES_MAX, json(options.inventory)));
	app.post(REGION_PATHS.endpoints, signed(REGION_BODY_BYTES_MAX, json(options.endpoints)));
	app.post(REGION_PATHS.logs, signed(REGION_BODY_BYTES_MAX, json(options.logs)));
	app.post(REGION_PATHS.decisions, signed(REGION_BODY_BYTES_MAX, json(options.decisions)));
	app.post(REGION_PATHS.workers, signed(REGION_BODY_BYTES_MAX, json(options.endpointWorkers)));
	app.post(
		BALANCER_AWAIT_PATH,
		signed(
			REGION_BODY_BYTES_MAX,
			json((body, c) => options.awaitWorker(body, closing(c))),
		),
	);
}

function hostRoutes(app: Hono<Env>, options: AppOptions): void {
	app.post('/host/v1/enrol', async (c) => withJson(c, options.redeemToken));
	app.use('/host/v1/*', async (c, next) => {
		const known = options.isHost(/^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '');
		if (known === true) return next();
		return known === null
			? c.json({ error: 'this broker is not ready yet; try again' }, 503, { 'retry-after': '1' })
			: c.json({ error: 'the token of an enrolled host is required' }, 401);
	});
	const transferOf = (c: Context<Env>): Transfer | { readonly error: string } => readTransfer(c.req.param('job') ?? '', c.req.query('epoch'), c.req.header(ATTEMPT_HEADER));

	app.get('/host/v1/payload/:job', async (c) => {
		const transfer = transferOf(c);
		if ('error' in transfer) return c.json(transfer, 400);
		await sendPayload(options.edge, transfer, c.env.outgoing, options.log);
		return RESPONSE_ALREADY_SENT;
	});
	app.put('/host/v1/output/:job', async (c) => {
		const transfer = transferOf(c);
		if ('error' in transfer) return c.json(transfer, 400);
		const body = await readBody(c.env.incoming, OUTPUT_BYTES_MAX);
		if (body === null) return refuse(c, { status: 413, body: { error: `output exceeds ${OUTPUT_BYTES_MAX} bytes` } });
		const answer = await uploadOutput(options.edge, transfer, body, options.log);
		return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers: { 'content-type': 'application/json' } });
	});
}

/** A small JSON body, or none. */
async function withJson(c: Context<Env>, verb: (body: unknown) => Promise<Answer>): Promise<Response> {
	const body = await readBody(c.env.incoming, SMALL_BODY_BYTES_MAX);
	if (body === null) return refuse(c, { status: 413, body: { error: `body exceeds ${SMALL_BODY_BYTES_MAX} bytes` } });
	let parsed: unknown;
	try {
		parsed = body.length === 0 ? undefined : JSON.parse(body.toString());
	} catch {
		return refuse(c, { status: 400, body: { error: 'body: must be JSON' } });
	}
	return respond(c, await verb(parsed));
}

function respond(c: Context<Env>, answer: Answer): Response {
	return c.json(answer.body as object, answer.status, answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) });
}

/** Aborts when the caller leaves. */
function closing(c: Context<Env>): AbortSignal {
	const controller = new AbortController();
	c.env.outgoing.once('close', () => controller.abort());
	return controller.signal;
}

/** An answer to somebody whose body was not (all) read or is not trusted: the connection ends with it. */
function refuse(c: Context<Env>, answer: Answer): Response {
	return c.json(answer.body as object, answer.status, { connection: 'close' });
}
