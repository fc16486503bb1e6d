/** A network volume: storage in one data centre that workers of endpoints share. It only grows. */
import { VOLUME_GB } from '../limits.ts';

/** What is kept of a volume besides its id and name. */
export interface Volume {
	readonly sizeGb: number;
	readonly dataCenterId: string;
	readonly tier: 'STANDARD' | 'HIGH_PERFORMANCE';
}

/** What is wrong with a new size, with the fix; null when the volume may have it. */
export function problemOfGrowth(volume: Volume, sizeGb: number): string | null {
	if (sizeGb < volume.sizeGb) return `size: a volume of ${volume.sizeGb} GB cannot shrink to ${sizeGb} GB: make a smaller volume and copy what is on it`;
	return sizeGb > VOLUME_GB.max ? `size: at most ${VOLUME_GB.max} GB` : null;
}
