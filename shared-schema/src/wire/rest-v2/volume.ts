/** RunPod's REST v2 shape of a network volume (`/v2/network-volumes`). */
import * as z from 'zod';
import type { Volume } from '../../account/volume.ts';
import { NAME_CHARS_MAX, VOLUME_GB } from '../../limits.ts';

const name = z.string().trim().min(1).max(NAME_CHARS_MAX);
/** GB. */
const size = z.int().min(VOLUME_GB.min).max(VOLUME_GB.max);

const tier = z.enum(['STANDARD', 'HIGH_PERFORMANCE']);

/** Body of `POST /v2/network-volumes`. */
export const createVolumeV2 = z.strictObject({ name, size, dataCenter: z.string().trim().min(1).max(40), type: tier.optional() }).meta({ id: 'CreateNetworkVolume' });

/** Body of `PATCH /v2/network-volumes/{id}`: data centre and type stay. */
export const updateVolumeV2 = z.strictObject({ name, size }).partial().meta({ id: 'UpdateNetworkVolume' });

/** Answers of `/v2/network-volumes`. */
const view = z.object({
	id: z.string(),
	name,
	size,
	dataCenter: z.string(),
	type: tier,
	usedBytes: z.int().min(0).nullable().describe('Ours: what lies on it, as a host last measured it; null: no worker has used it yet, or its hosts have not reported.'),
	usedAt: z.iso.datetime().nullable().describe('Ours: when that was measured.'),
});
export const volumeV2 = view.meta({ id: 'NetworkVolume' });
export const volumeListV2 = z.object({ networkVolumes: z.array(view) }).meta({ id: 'NetworkVolumeList' });

/** How much lay on a volume, and when. */
export interface MeasuredUse {
	readonly usedBytes: number;
	/** ISO 8601. */
	readonly usedAt: string;
}

/** The volume as REST v2 shows it. */
export function toVolumeV2(id: string, name: string, volume: Volume, use: MeasuredUse | null): Record<string, unknown> {
	const measured = { usedBytes: use?.usedBytes ?? null, usedAt: use?.usedAt ?? null };
	return { id, name, size: volume.sizeGb, dataCenter: volume.dataCenterId, type: volume.tier, ...measured };
}
