/** RunPod's REST v1 shape of a network volume (`/v1/networkvolumes`). */
import * as z from 'zod';
import type { Volume } from '../../account/volume.ts';
import { NAME_CHARS_MAX } from '../../limits.ts';

const name = z.string().trim().min(1).max(NAME_CHARS_MAX);
/** GB; REST v1 has bounds of its own. */
const size = z.int().min(0).max(4_000);
const dataCenterId = z.string().trim().min(1).max(40);

/** Body of `POST /v1/networkvolumes`. */
export const createVolumeV1 = z.strictObject({ name, size, dataCenterId }).meta({ id: 'CreateNetworkVolumeV1' });

/** Body of `PATCH /v1/networkvolumes/{id}`. */
export const updateVolumeV1 = z.strictObject({ name, size }).partial().meta({ id: 'UpdateNetworkVolumeV1' });

/** Answers of `/v1/networkvolumes`. */
const view = z.object({ id: z.string(), name, size: z.int(), dataCenterId });
export const volumeV1 = view.meta({ id: 'NetworkVolumeV1' });
export const volumeListV1 = z.array(view).meta({ id: 'NetworkVolumeListV1' });

/** The volume as REST v1 shows it. */
export function toVolumeV1(id: string, name: string, volume: Volume): z.infer<typeof volumeV1> {
	return { id, name, size: volume.sizeGb, dataCenterId: volume.dataCenterId };
}
