/** A tiny HTTP server in the edge's place: checks the region's signatures, keeps what came, and answers as a test says. */
import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EDGE_PATHS, type EndpointPush, eventsHead, type JobEvent, type RegionHeartbeat, regionHeartbeat, type Verdict } from '../../shared-schema/src/wire/region.ts';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '../../shared-schema/src/wire/signature.ts';

export interface Seen {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface Reply {
	readonly status: number;
	readonly body: string | Buffer;
}

export interface EdgeStandIn {
	readonly url: string;
	/** The edge's own key, for requests to the broker. */
	readonly edgeKey: KeyObject;
	readonly edgePublicKey: string;
	readonly regionPrivateKey: string;
	readonly seen: Seen[];
	/** Requests whose signature was not the region's. */
	readonly forged: Seen[];
	readonly events: JobEvent[];
	readonly heartbeats: RegionHeartbeat[];
	/** Answers of heartbeats: what the region still lacks. */
	grants: (heartbeat: RegionHeartbeat) => EndpointPush;
	/** Overrides the answer to a request; undefined leaves it as it is. */
	intercept: (request: Seen) => Promise<Reply | undefined> | Reply | undefined;
	verdict: (event: JobEvent) => Verdict;
	/** Refuses connections until `open`. */
	close(): Promise<void>;
	open(): Promise<void>;
}

/** Opens on a free port of the loopback. */
export async function startEdgeStandIn(): Promise<EdgeStandIn> {
	const edge = generateKeyPairSync('ed25519');
	const region = generateKeyPairSync('ed25519');
	let server: Server | null = null;
	let port = 0;
	const open = async (): Promise<void> => {
		const opening = createServer((incoming, outgoing) => {
			const chunks: Buffer[] = [];
			incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
			incoming.on('end', () => {
				const request: Seen = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(chunks) };
				standIn.seen.push(request);
				void answer(standIn, request, region.publicKey).then(({ status, body }) => outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body));
			});
		});
		await new Promise<void>((resolve) => opening.listen(port, '127.0.0.1', resolve));
		port = (opening.address() as AddressInfo).port;
		server = opening;
	};
	const close = async (): Promise<void> => {
		const closing = server;
		server = null;
		if (closing === null) return;
		const closed = new Promise((resolve) => closing.close(resolve));
		closing.closeAllConnections();
		await closed;
	};
	const standIn: EdgeStandIn = {
		get url() {
			return `http://127.0.0.1:${port}`;
		},
		edgeKey: edge.privateKey,
		edgePublicKey: edge.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
		regionPrivateKey: region.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
		seen: [],
		forged: [],
		events: [],
		heartbeats: [],
		grants: () => ({ endpoints: [], removed: [] }),
		intercept: () => undefined,
		verdict: () => 'accepted',
		close,
		open,
	};
	await open();
	return standIn;
}

async function answer(edge: EdgeStandIn, request: Seen, regionKey: KeyObject): Promise<Reply> {
	if (!isSigned(request, regionKey)) {
		edge.forged.push(request);
		return { status: 401, body: '{"error":"signature"}' };
	}
	const overridden = await edge.intercept(request);
	if (overridden !== undefined) return overridden;
	const ok = (body: unknown): Reply => ({ status: 200, body: JSON.stringify(body) });
	if (request.path === EDGE_PATHS.heartbeat) {
		const heartbeat = regionHeartbeat.parse(JSON.parse(request.body.toString()));
		edge.heartbeats.push(heartbeat);
		return ok(edge.grants(heartbeat));
	}
	if (request.path === EDGE_PATHS.events) {
		const { events } = eventsHead.parse(JSON.parse(request.body.subarray(0, request.body.indexOf(10)).toString()));
		edge.events.push(...events);
		return ok({ verdicts: events.map(edge.verdict) });
	}
	if (request.path === EDGE_PATHS.claim) {
		const { claims } = JSON.parse(request.body.toString()) as { claims: { epoch: number }[] };
		return ok({ results: claims.map(({ epoch }) => (epoch === 1 ? 'run' : 'drop')) });
	}
	if (request.path.startsWith(EDGE_PATHS.payload)) return { status: 200, body: Buffer.alloc(100_000, request.path) };
	if (request.path.startsWith(EDGE_PATHS.output)) return ok({ bytes: request.body.length });
	return { status: 404, body: '{"error":"no such route"}' };
}

function isSigned(request: Seen, key: KeyObject): boolean {
	const header = (name: string): string => String(request.headers[name] ?? '');
	const text = signedText({
		signer: header(SIGNER_HEADER),
		method: request.method,
		pathAndQuery: request.path,
		timestampMs: Number(header(TIMESTAMP_HEADER)),
		nonce: header(NONCE_HEADER),
		bodySha256: createHash('sha256').update(request.body).digest('hex'),
	});
	return verify(null, Buffer.from(text), key, Buffer.from(header(SIGNATURE_HEADER), 'base64'));
}
