/** The broker's settings: names, shapes and the relations between timers that safety rests on. */
import { ConfigError, parseEnv } from '@longshore/shared-schema/config/parse';
import { regionTimers } from '@longshore/shared-schema/config/settings';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import * as z from 'zod';

const id = z.string().regex(ID_PATTERN, 'must be 1 to 64 letters, digits, _ or -');
const secret = z.string().min(16, 'must have at least 16 characters');

export const brokerSettings = z.object({
	...regionTimers,
	LONGSHORE_REGION_ID: id,
	LONGSHORE_BROKER_ID: id,
	LONGSHORE_LISTEN: z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$/, 'must be host:port'),
	LONGSHORE_EDGE_URL: z.url({ protocol: /^https?$/ }),
	LONGSHORE_EDGE_PUBLIC_KEY: z.base64(),
	LONGSHORE_REGION_PRIVATE_KEY: z.base64(),
	/** One server or several, separated by commas. */
	LONGSHORE_NATS_URL: z.string().min(1),
	/** JSON with the seeds of the region's NATS operator, account and system account (`enrolment/issuer.ts`). Without it NATS must ask nobody who he is. */
	LONGSHORE_NATS_ISSUER: z.string().optional(),
	LONGSHORE_NATS_REPLICAS: z.coerce
		.number()
		.pipe(z.union([z.literal(1), z.literal(3), z.literal(5)]))
		.default(1),
	LONGSHORE_OPERATOR_TOKEN: secret,
	/** Shared by the region's brokers: what they give to hosts is made with it, and no host has it. */
	LONGSHORE_HOST_KEY: secret,
});
export type BrokerSettings = z.output<typeof brokerSettings>;

/** Parses and cross-checks the environment. Throws `ConfigError`. */
export function readSettings(env: Readonly<Record<string, string | undefined>>, readFile: (path: string) => string): BrokerSettings {
	const settings = parseEnv(brokerSettings, env, readFile);
	const { LONGSHORE_AGENT_LEASE_MS: agentLeaseMs, LONGSHORE_KILL_GRACE_MS: killGraceMs, LONGSHORE_HOST_LEASE_MS: hostLeaseMs } = settings;
	if (agentLeaseMs + killGraceMs >= hostLeaseMs) {
		throw new ConfigError(
			`LONGSHORE_HOST_LEASE_MS (${hostLeaseMs}) must exceed LONGSHORE_AGENT_LEASE_MS + LONGSHORE_KILL_GRACE_MS (${agentLeaseMs + killGraceMs}): a host must have stopped its jobs before it is given up; raise the host lease`,
		);
	}
	return settings;
}

/** Host and port of `LONGSHORE_LISTEN`; brackets of an IPv6 address are taken off. */
export function listenAddress(listen: string): { host: string; port: number } {
	const colon = listen.lastIndexOf(':');
	return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}
