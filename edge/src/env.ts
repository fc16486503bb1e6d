/** The Worker's bindings and settings, parsed once an isolate. */
import { parseEnv } from '@longshore/shared-schema/config/parse';
import { edgeTimers } from '@longshore/shared-schema/config/settings';
import type { JobTimers } from '@longshore/shared-schema/job/settings';
import { JOB_SHARDS_MAX } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import type { AccountDirectory } from './stores/account-directory.ts';
import type { AccountStore } from './stores/account-store.ts';
import type { BatchStore } from './stores/batch-store.ts';
import type { EndpointStore } from './stores/endpoint-store.ts';
import type { JobStore } from './stores/job-store.ts';
import type { KeyRing } from './stores/key-ring.ts';
import type { RegionDirectory } from './stores/region-directory.ts';

/** Bindings as the runtime gives them. Settings are text; Durable Objects and the road to regions are objects. */
export interface Env {
	readonly ACCOUNT_DIRECTORY: DurableObjectNamespace<AccountDirectory>;
	readonly ACCOUNT_STORE: DurableObjectNamespace<AccountStore>;
	readonly BATCH_STORE: DurableObjectNamespace<BatchStore>;
	readonly ENDPOINT_STORE: DurableObjectNamespace<EndpointStore>;
	readonly JOB_STORE: DurableObjectNamespace<JobStore>;
	readonly KEY_RING: DurableObjectNamespace<KeyRing>;
	readonly REGION_DIRECTORY: DurableObjectNamespace<RegionDirectory>;
	/** Network that reaches regions on private addresses; absent on Cloudflare, where the public network does. */
	readonly REGION_NET?: Fetcher;
	readonly [setting: `LONGSHORE_${string}`]: string | undefined;
}

const schema = z.object({
	/** Ed25519, base64 of PKCS#8 DER. */
	LONGSHORE_EDGE_PRIVATE_KEY: z.string().min(40),
	/** 32 random bytes, base64: keys the check part of job and endpoint ids. */
	LONGSHORE_ID_KEY: z.string().min(40),
	LONGSHORE_OPERATOR_TOKEN: z.string().min(16),
	/** 32 random bytes, base64: seals secrets, registry passwords and webhook secrets in storage. Without it they are lost. */
	LONGSHORE_SEAL_KEY: z.base64().min(40),
	/** The key before it, which still opens what it sealed, while keys are changed. */
	LONGSHORE_SEAL_KEY_BEFORE: z.base64().min(40).optional(),
	/** JobStore objects of a new endpoint. More spread the load on Cloudflare; each costs commits of its own. */
	LONGSHORE_JOB_SHARDS: z.coerce.number().int().min(1).max(JOB_SHARDS_MAX).default(2),
	/** `off` where something else limits callers, or in a benchmark. */
	LONGSHORE_RATE_LIMITS: z.enum(['on', 'off']).default('on'),
	/** `1`: webhooks may reach loopback and private addresses. The network that they leave by has to allow it too. */
	LONGSHORE_WEBHOOK_ALLOW_PRIVATE: z.enum(['0', '1']).default('0'),
	/** The edge's public host names, separated by commas: no webhook may name them. */
	LONGSHORE_PUBLIC_HOSTS: z
		.string()
		.default('')
		.transform((text) =>
			text
				.toLowerCase()
				.split(/[\s,]+/)
				.filter((host) => host !== ''),
		),
	/** Load-balanced endpoints are also served as `{endpoint}.<this>`; the operator's DNS and certificate must cover `*.<this>`. */
	LONGSHORE_ENDPOINT_DOMAIN: z
		.string()
		.regex(/^[a-z0-9.-]+$/i, { error: 'must be a host name, for example lb.example.com' })
		.transform((text) => text.toLowerCase())
		.default(''),
	...edgeTimers,
});

/** Parsed settings of the edge. */
export type Settings = z.infer<typeof schema>;

let cached: { env: Env; settings: Settings } | undefined;

/** The settings of `env`. Throws `ConfigError` on a bad one, so that the first request shows it. */
export function settingsOf(env: Env): Settings {
	if (cached?.env === env) return cached.settings;
	const texts = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
	const settings = parseEnv(schema, texts, () => '');
	cached = { env, settings };
	return settings;
}

/** The part of the settings that the job machine works with. */
export function jobTimersOf(settings: Settings): JobTimers {
	return {
		retentionAsyncMs: settings.LONGSHORE_RETENTION_ASYNC_MS,
		retentionSyncMs: settings.LONGSHORE_RETENTION_SYNC_MS,
		startWithinMs: settings.LONGSHORE_START_WITHIN_MS,
		dispatchConfirmMs: settings.LONGSHORE_DISPATCH_CONFIRM_MS,
		sweepMs: settings.LONGSHORE_SWEEP_MS,
		watchdogGraceMs: settings.LONGSHORE_WATCHDOG_GRACE_MS,
		leaseCheckMs: settings.LONGSHORE_REGION_LEASE_MS,
	};
}
