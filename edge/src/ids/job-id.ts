/** Job ids in RunPod's form (`<uuid4>-<suffix>`, `sync-` in front for `/runsync`) that carry their shard and a keyed check. */
import { macOf, sameMac } from './mac.ts';
import { takeRandom } from './random.ts';

const PATTERN = /^(sync-)?([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})-e(0|[1-9]\d?)$/;
const RANDOM_BYTES = 11;
const MAC_BYTES = 5;

/** What a valid job id says. */
export interface JobAddress {
	readonly shard: number;
	readonly sync: boolean;
}

/**
 * A new id of the endpoint's shard: 82 random bits and a 40-bit check fill the free bits of a version 4 UUID,
 * the shard is the number behind `-e`.
 */
export function createJobId(keyBase64: string, endpointId: string, shard: number, sync: boolean): string {
	const random = Buffer.from(takeRandom(RANDOM_BYTES));
	const bits = random.toString('hex', 0, 10);
	const variant = (random[10] ?? 0) & 0x3;
	const prefix = sync ? 'sync-' : '';
	const free = bits + Buffer.from(macOf(keyBase64, `${endpointId}/${prefix}${bits}${variant}/${shard}`, MAC_BYTES)).toString('hex');
	const third = (0x8 | variant).toString(16) + free.slice(15, 18);
	return `${prefix}${free.slice(0, 8)}-${free.slice(8, 12)}-4${free.slice(12, 15)}-${third}-${free.slice(18)}-e${shard}`;
}

/** The shard in the id of a job that a verified region names, or null when it has not the form of one. The store knows whether the job exists. */
export function shardOfJobId(id: string): number | null {
	const match = PATTERN.exec(id);
	return match === null ? null : Number(match[7]);
}

/** The address in `id`, or null when it is not an id of this endpoint made by this edge. */
export function readJobId(keyBase64: string, endpointId: string, id: string): JobAddress | null {
	const match = PATTERN.exec(id);
	if (match === null) return null;
	const sync = match[1] !== undefined;
	const shard = Number(match[7]);
	const variant = Number.parseInt(match[5]?.[0] ?? '8', 16) & 0x3;
	const free = `${match[2]}${match[3]}${match[4]}${match[5]?.slice(1)}${match[6]}`;
	const bits = free.slice(0, 20);
	const mac = Buffer.from(free.slice(20), 'hex');
	const expected = macOf(keyBase64, `${endpointId}/${sync ? 'sync-' : ''}${bits}${variant}/${shard}`, MAC_BYTES);
	return sameMac(mac, expected) ? { shard, sync } : null;
}
