/** What a seed decides about a world besides its faults: sizes, timers, how careful its disks are. */
import { createRandom } from '../sim/random.ts';

export interface WorldSettings {
	readonly seed: number;
	/** How long jobs come and faults happen. */
	readonly hours: number;
	readonly regions: readonly {
		readonly id: string;
		readonly brokers: number;
		readonly hosts: readonly { readonly id: string; readonly gpuType: string; readonly gpus: number }[];
	}[];
	readonly shards: number;
	/** Mean time between jobs. */
	readonly jobEveryMs: number;
	/** Mean time between faults. */
	readonly faultEveryMs: number;
	/** Whether NATS syncs before it acknowledges, and how often it does otherwise. */
	readonly natsSyncMs: number | null;
	readonly retentionAsyncMs: number;
	readonly retentionSyncMs: number;
	/** All settings of edge, brokers and agents that differ from their defaults. */
	readonly timers: Readonly<Record<string, string>>;
}

const GPU_TYPES = ['NVIDIA L4', 'NVIDIA GeForce RTX 4090', 'NVIDIA A40'];

/** Longer timers than a production's let an hour hold as much of the protocol at fewer heartbeats; their relations are the same. */
const SLOWNESS = [1, 4, 6, 6];
/** Above `SILENT_MS_MAX` of the edge a region counts as silent. */
const HEARTBEAT_MS_MAX = 6_000;

/** The world of a seed: most are small, some have all there is. */
export function settingsOf(seed: number, hours: number): WorldSettings {
	const random = createRandom(seed, 'settings');
	const of = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
	const isLarge = random() < 0.3;
	const regions = Array.from({ length: isLarge ? 3 : 2 }, (_, r) => ({
		id: `r${r}`,
		brokers: isLarge || random() < 0.3 ? 2 : 1,
		hosts: Array.from({ length: isLarge || random() < 0.3 ? 2 : 1 }, (_host, h) => ({ id: `r${r}h${h}`, gpuType: of(GPU_TYPES), gpus: 2 })),
	}));
	const retentionAsyncMs = of([180_000, 300_000, 600_000]);
	const retentionSyncMs = of([60_000, 90_000]);
	const slow = isLarge ? of(SLOWNESS) : 6;
	const ms = (name: string, normal: number): [string, string] => [`LONGSHORE_${name}_MS`, String(normal * slow)];
	return {
		seed,
		hours,
		regions,
		shards: 1 + Math.floor(random() * 2),
		jobEveryMs: of([10_000, 14_000, 20_000]),
		faultEveryMs: of([20_000, 30_000, 45_000]),
		natsSyncMs: of([null, 10_000, 60_000]),
		retentionAsyncMs,
		retentionSyncMs,
		timers: Object.fromEntries([
			['LONGSHORE_RETENTION_ASYNC_MS', String(retentionAsyncMs)],
			['LONGSHORE_RETENTION_SYNC_MS', String(retentionSyncMs)],
			ms('HOST_REPORT', 2_000),
			ms('AGENT_LEASE', 20_000),
			ms('HOST_LEASE', 35_000),
			['LONGSHORE_REGION_HEARTBEAT_MS', String(Math.min(HEARTBEAT_MS_MAX, 3_000 * slow))],
			ms('REGION_FENCE', 90_000),
			ms('REGION_LEASE', 120_000),
			ms('USAGE_REPORT', 5_000),
		]),
	};
}

export const EDGE_ENV: Readonly<Record<string, string>> = {
	LONGSHORE_EDGE_PRIVATE_KEY: 'a'.repeat(64),
	LONGSHORE_ID_KEY: Buffer.alloc(32, 7).toString('base64'),
	LONGSHORE_OPERATOR_TOKEN: 'operator-token-of-the-simulation',
	LONGSHORE_SEAL_KEY: Buffer.alloc(32, 9).toString('base64'),
};
