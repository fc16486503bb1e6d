/** A region as the edge sees it: takes signed batches, keeps what came, answers as a test says, and reports with its own key. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cutFrames, decodeFramed, encodeFramed } from '../../../shared-schema/src/wire/framing.ts';
import {
	type AttemptRef,
	type AttemptRefs,
	type DispatchedJob,
	type DispatchResult,
	dispatchHead,
	EDGE_PATHS,
	type EndpointPush,
	endpointPush,
	type HostFigure,
	type InventoryAnswer,
	type JobEvent,
	REGION_PATHS,
	type RegionHeartbeat,
	type Verdict,
} from '../../../shared-schema/src/wire/region.ts';
import type { RegionWorker, WorkersAnswer } from '../../../shared-schema/src/wire/region-workers.ts';
import { ATTEMPT_HEADER, NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '../../../shared-schema/src/wire/signature.ts';
import { host } from '../core/samples.ts';
import { createInbox, type Inbox } from './inbox.ts';
import type { Edge } from './start-edge.ts';

/** A dispatch as it came, with its inline payload. */
export interface Dispatched extends DispatchedJob {
	readonly payload: string | null;
}

/** `accepted` or `refused` for every job, an HTTP status for the whole batch, or no answer at all. */
export type DispatchRule = (job: Dispatched) => 'accepted' | 'refused' | 'silence' | number;

type EventKind = JobEvent['kind'];
type Own<K extends EventKind> = Partial<Omit<Extract<JobEvent, { kind: K }>, 'kind' | 'bytes'>> & { readonly text?: string | Uint8Array };

export interface Region {
	readonly id: string;
	readonly dispatched: Inbox<Dispatched>;
	readonly revoked: Inbox<AttemptRef>;
	/** Attempts that were asked back in case no host has them. */
	readonly withdrawn: Inbox<AttemptRef>;
	readonly pushes: Inbox<EndpointPush>;
	readonly asked: Inbox<AttemptRef>;
	/** Requests that the edge did not sign. */
	readonly forged: string[];
	onDispatch: DispatchRule;
	onWithdraw: (ref: AttemptRef) => 'revoked' | 'taken' | 'unsure';
	onInventory: (ref: AttemptRef) => InventoryAnswer['results'][number]['state'] | 'silence';
	hosts: HostFigure[];
	lostBoots: string[];
	endpoints: RegionHeartbeat['endpoints'];
	/** What it says when it is asked for workers, of whatever endpoint. */
	workers: RegionWorker[];
	/** One heartbeat with what the fields say; the answer says what the region lacks. */
	heartbeat(): Promise<EndpointPush>;
	/** Heartbeats by itself every 300 ms. */
	beat(on: boolean): void;
	/** A signed request to the edge. */
	send(method: string, path: string, body: Uint8Array, headers?: Record<string, string>): Promise<Response>;
	/** One batch of events; their verdicts. Throws on a status other than 200. */
	report(events: readonly (readonly [JobEvent, Uint8Array | null])[]): Promise<Verdict[]>;
	/** One event of an attempt's own worker; its verdict. */
	tell<K extends EventKind>(job: DispatchedJob, kind: K, own?: Own<K>): Promise<Verdict>;
	claim(job: DispatchedJob, over?: { hostBoot?: string; workerId?: string; token?: string; epoch?: number }): Promise<string>;
	payload(job: DispatchedJob): Promise<Response>;
	upload(job: DispatchedJob, bytes: Uint8Array): Promise<number>;
	/** Refuses connections until `open`. */
	close(): Promise<void>;
	open(): Promise<void>;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Starts it and registers it with the edge. */
export async function startRegion(edge: Edge, id: string): Promise<Region> {
	const keys = generateKeyPairSync('ed25519');
	let server: Server | null = null;
	let port = 0;
	let beating: NodeJS.Timeout | undefined;
	const open = async (): Promise<void> => {
		const opening = createServer((request, response) => void serve(region, edge.publicKey, request, response));
		await new Promise<void>((resolve) => opening.listen(port, '127.0.0.1', resolve));
		port = (opening.address() as AddressInfo).port;
		server = opening;
	};
	const send: Region['send'] = (method, path, body, headers = {}) =>
		fetch(edge.url + path, {
			method,
			headers: { ...signedHeaders(keys.privateKey, id, method, path, body), ...headers },
			...(method === 'GET' ? {} : { body: body as Uint8Array<ArrayBuffer> }),
			signal: AbortSignal.timeout(60_000),
		});
	const post = async (path: string, body: Uint8Array): Promise<unknown> => {
		const response = await send('POST', path, body);
		const text = await response.text();
		if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
		return JSON.parse(text);
	};
	const region: Region = {
		id,
		dispatched: createInbox(),
		revoked: createInbox(),
		withdrawn: createInbox(),
		pushes: createInbox(),
		asked: createInbox(),
		forged: [],
		onDispatch: () => 'accepted',
		onWithdraw: () => 'revoked',
		onInventory: () => 'queued',
		hosts: [host({ id: `host-of-${id}`, boot: `boot-of-${id}` })],
		lostBoots: [],
		endpoints: {},
		workers: [],
		heartbeat: async () => {
			const { hosts, lostBoots, endpoints } = region;
			return endpointPush.parse(await post(EDGE_PATHS.heartbeat, encode(JSON.stringify({ brokerBoot: `broker-of-${id}`, hosts, lostBoots, endpoints }))));
		},
		beat: (on) => {
			clearInterval(beating);
			// A killed edge refuses heartbeats; the next one comes soon.
			if (on) beating = setInterval(() => void region.heartbeat().catch(() => undefined), 300);
		},
		send,
		report: async (events) => {
			const frames = events.flatMap(([, bytes]) => bytes ?? []);
			return ((await post(EDGE_PATHS.events, encodeFramed({ events: events.map(([event]) => event) }, frames, encode))) as { verdicts: Verdict[] }).verdicts;
		},
		tell: async (job, kind, own = {}) => (await region.report([eventOf(id, job, kind, own)]))[0] as Verdict,
		claim: async ({ id: job, endpointId, epoch, token }, over = {}) => {
			const claim = { id: job, endpointId, epoch, token, hostBoot: `boot-of-${id}`, workerId: 'worker-1', ...over };
			return ((await post(EDGE_PATHS.claim, encode(JSON.stringify({ claims: [claim] })))) as { results: string[] }).results[0] as string;
		},
		payload: ({ id: job, epoch, token }) => send('GET', `${EDGE_PATHS.payload}/${job}?epoch=${epoch}`, new Uint8Array(), { [ATTEMPT_HEADER]: token }),
		upload: async ({ id: job, epoch, token }, bytes) => (await send('PUT', `${EDGE_PATHS.output}/${job}?epoch=${epoch}`, bytes, { [ATTEMPT_HEADER]: token })).status,
		close: async () => {
			region.beat(false);
			const closing = server;
			server = null;
			if (closing === null) return;
			const closed = new Promise((resolve) => closing.close(resolve));
			closing.closeAllConnections();
			await closed;
		},
		open,
	};
	await open();
	const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
	const registered = await edge.call('PUT', `/admin/regions/${id}`, { url: `http://127.0.0.1:${port}`, publicKey });
	if (registered.status !== 200) throw new Error(`region ${id} not registered: ${registered.text}`);
	return region;
}

/** An event of an attempt with the bytes of its frame. */
export function eventOf<K extends EventKind>(region: string, job: DispatchedJob, kind: K, { text, ...own }: Own<K> = {}): readonly [JobEvent, Uint8Array | null] {
	const { id, endpointId, epoch, token } = job;
	const bytes = text === undefined ? null : typeof text === 'string' ? encode(text) : text;
	const needed: Record<EventKind, object> = { started: {}, progress: { n: 0 }, chunk: { n: 0 }, result: { executionMs: 5 }, lost: { reason: 'exit 137' } };
	const attempt = { id, endpointId, epoch, token, hostBoot: `boot-of-${region}`, workerId: 'worker-1', agoMs: 0 };
	return [{ kind, ...attempt, ...needed[kind], ...own, ...(bytes === null ? {} : { bytes: bytes.length }) } as JobEvent, bytes];
}

function signedHeaders(key: KeyObject, signer: string, method: string, pathAndQuery: string, body: Uint8Array): Record<string, string> {
	const parts = { signer, method, pathAndQuery, timestampMs: Date.now(), nonce: randomUUID(), bodySha256: createHash('sha256').update(body).digest('hex') };
	const signature = sign(null, Buffer.from(signedText(parts)), key).toString('base64');
	return { [SIGNER_HEADER]: signer, [TIMESTAMP_HEADER]: String(parts.timestampMs), [NONCE_HEADER]: parts.nonce, [SIGNATURE_HEADER]: signature };
}

/** What it answers; anything else is no path of its. */
const ANSWERED: ReadonlySet<string> = new Set([REGION_PATHS.endpoints, REGION_PATHS.workers, REGION_PATHS.revoke, REGION_PATHS.inventory]);

async function serve(region: Region, edgeKey: KeyObject, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const body = Buffer.concat(chunks);
	const answer = (status: number, value: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
	if (!isSigned(request, body, edgeKey)) {
		region.forged.push(`${request.method} ${request.url}`);
		return answer(401, {});
	}
	if (request.url === REGION_PATHS.dispatch) return dispatch(region, body, answer);
	// It has no workers that write, so empty logs.
	if (request.url?.startsWith(REGION_PATHS.logs) === true) return answer(200, { known: false, lines: [], more: false, open: false, silent: [] });
	if (!ANSWERED.has(request.url ?? '')) return answer(404, { error: 'the stand-in has no such path' });
	const value = JSON.parse(body.toString()) as { jobs: AttemptRef[] };
	if (request.url === REGION_PATHS.endpoints) {
		region.pushes.add(endpointPush.parse(value));
		return answer(200, {});
	}
	if (request.url === REGION_PATHS.workers) return answer(200, { workers: region.workers } satisfies WorkersAnswer);
	if (request.url === REGION_PATHS.revoke) {
		const { untaken } = value as AttemptRefs;
		for (const job of value.jobs) (untaken === true ? region.withdrawn : region.revoked).add(job);
		return answer(200, { results: value.jobs.map((job) => ({ id: job.id, epoch: job.epoch, outcome: untaken === true ? region.onWithdraw(job) : 'revoked' })) });
	}
	const results = value.jobs.map((job) => ({ id: job.id, epoch: job.epoch, state: region.onInventory(job) }));
	for (const job of value.jobs) region.asked.add(job);
	if (!results.some(({ state }) => state === 'silence')) answer(200, { results });
}

function dispatch(region: Region, body: Uint8Array, answer: (status: number, value: unknown) => void): void {
	const { head: raw, rest } = decodeFramed(body, decode);
	const { jobs } = dispatchHead.parse(raw);
	const frames = cutFrames(
		rest,
		jobs.flatMap(({ inline, payloadBytes }) => (inline ? [payloadBytes] : [])),
	);
	const came = jobs.map((job) => ({ ...job, payload: job.inline ? decode(frames.shift() ?? new Uint8Array()) : null }));
	const outcomes = came.map(region.onDispatch);
	for (const job of came) region.dispatched.add(job);
	const status = outcomes.find((outcome) => typeof outcome === 'number');
	if (typeof status === 'number') return answer(status, {});
	if (outcomes.includes('silence')) return;
	const results = came.map(({ id, epoch }, i) => ({ id, epoch, outcome: outcomes[i], ...(outcomes[i] === 'accepted' ? { seq: i + 1 } : { reason: 'no room' }) }) as DispatchResult);
	answer(202, { results });
}

function isSigned(request: IncomingMessage, body: Uint8Array, key: KeyObject): boolean {
	const header = (name: string): string => String(request.headers[name] ?? '');
	const text = signedText({
		signer: header(SIGNER_HEADER),
		method: request.method ?? '',
		pathAndQuery: request.url ?? '',
		timestampMs: Number(header(TIMESTAMP_HEADER)),
		nonce: header(NONCE_HEADER),
		bodySha256: createHash('sha256').update(body).digest('hex'),
	});
	return header(SIGNER_HEADER) === 'edge' && verify(null, Buffer.from(text), key, Buffer.from(header(SIGNATURE_HEADER), 'base64'));
}
