/** A broker of the region `eu-1` in this process, between a real nats-server and an edge stand-in. */
import { type Broker, createBroker } from '../../regional-broker/src/broker.ts';
import { readSettings } from '../../regional-broker/src/config.ts';
import { createHostTokens } from '../../regional-broker/src/enrolment/host-token.ts';
import { createLog, type Log } from '../../regional-broker/src/log.ts';
import { INLINE_PAYLOAD_BYTES_MAX } from '../../shared-schema/src/limits.ts';
import { encodeFramed } from '../../shared-schema/src/wire/framing.ts';
import type { DispatchedJob, EndpointGrant } from '../../shared-schema/src/wire/region.ts';
import type { EdgeStandIn } from './edge-stand-in.ts';
import { specWith } from './endpoint-spec.ts';
import { type SignOptions, send, signRequest } from './sign-request.ts';

export const OPERATOR_TOKEN = 'operator-token-of-the-test';
const HOST_KEY = 'host-key-of-the-test-region';
/** Of a host that brokers of these tests know as theirs. */
export const HOST_TOKEN = createHostTokens(HOST_KEY).tokenOf({ hostId: 'host-a', publicKey: 'UKEY' });

export interface TestBroker extends Broker {
	/** Lines that it logged. */
	readonly lines: { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[];
	/** A request signed by the edge: bytes as they are, anything else as JSON. */
	call(path: string, body: object, options?: Partial<SignOptions>): Promise<{ status: number; json: unknown }>;
	operator(path: string): Promise<unknown>;
	readyz(): Promise<{ status: number; checks: Record<string, boolean> }>;
}

/** The environment of a broker's process. */
export function brokerEnvironment(natsUrl: string, edge: EdgeStandIn, overrides: Readonly<Record<string, string>> = {}): Record<string, string> {
	return {
		LONGSHORE_REGION_ID: 'eu-1',
		LONGSHORE_BROKER_ID: 'eu-1-a',
		LONGSHORE_LISTEN: '127.0.0.1:0',
		LONGSHORE_EDGE_URL: edge.url,
		LONGSHORE_EDGE_PUBLIC_KEY: edge.edgePublicKey,
		LONGSHORE_REGION_PRIVATE_KEY: edge.regionPrivateKey,
		LONGSHORE_NATS_URL: natsUrl,
		LONGSHORE_OPERATOR_TOKEN: OPERATOR_TOKEN,
		LONGSHORE_HOST_KEY: HOST_KEY,
		LONGSHORE_HOST_REPORT_MS: '200',
		LONGSHORE_AGENT_LEASE_MS: '1000',
		LONGSHORE_KILL_GRACE_MS: '200',
		LONGSHORE_HOST_LEASE_MS: '2000',
		LONGSHORE_REGION_HEARTBEAT_MS: '200',
		LONGSHORE_EVENT_RETRY_MS: '1000',
		...overrides,
	};
}

/** Starts one; `overrides` replace settings. */
export async function startBroker(natsUrl: string, edge: EdgeStandIn, overrides: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
	const lines: TestBroker['lines'] = [];
	const log: Log = createLog({}, (line) => void lines.push(JSON.parse(line)));
	const settings = readSettings(brokerEnvironment(natsUrl, edge, overrides), () => '');
	const broker = await createBroker(settings, `boot-${settings.LONGSHORE_BROKER_ID}-${lines.length}-${Math.round(performance.now())}`, log);
	return {
		...broker,
		lines,
		call: async (path, body, options = {}) => {
			const request = signRequest(path, body instanceof Uint8Array ? Buffer.from(body).toString() : JSON.stringify(body), { signer: 'edge', key: edge.edgeKey, ...options });
			const { status, text } = await send(broker.url, request);
			return { status, json: JSON.parse(text) };
		},
		operator: async (path) => (await fetch(`${broker.url}/operator/v1/${path}`, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } })).json(),
		readyz: async () => {
			const response = await fetch(`${broker.url}/readyz?verbose`);
			const { checks } = (await response.json()) as { checks: Record<string, boolean> };
			return { status: response.status, checks };
		},
	};
}

/** A grant of a small GPU endpoint. */
export function grantOf(endpointId: string, overrides: Partial<Omit<EndpointGrant, 'spec'>> & { readonly spec?: Partial<EndpointGrant['spec']> } = {}): EndpointGrant {
	const { spec, ...rest } = overrides;
	return {
		endpointId,
		accountId: 'acc1',
		revision: 1,
		version: 1,
		workersMax: 3,
		workersMin: 0,
		...rest,
		spec: specWith({ name: endpointId, ...spec }),
	};
}

/** A dispatch's body, and its jobs. */
export function dispatchOf(endpointId: string, ids: readonly string[], overrides: Partial<DispatchedJob> = {}): { body: Uint8Array; jobs: DispatchedJob[]; payloads: Buffer[] } {
	const payloads = ids.map((id) => Buffer.from(`{"id":"${id}","input":{"text":"grüße\\n${id}"}}`));
	const jobs = ids.map((id, i) => {
		const payloadBytes = payloads[i]?.length ?? 0;
		return {
			id,
			endpointId,
			epoch: 1,
			token: `token-of-${id}-0123456789`,
			startWithinMs: 60_000,
			executionTimeoutMs: 600_000,
			lowPriority: false,
			payloadBytes,
			inline: payloadBytes <= INLINE_PAYLOAD_BYTES_MAX,
			...overrides,
		};
	});
	return { body: encodeFramed({ jobs }, payloads, (text) => Buffer.from(text)), jobs, payloads };
}
