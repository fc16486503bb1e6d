/** The network volumes that this host can reach: directories by the operator's template, on whatever is mounted there. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { volumePath } from '../core/volume-path.ts';
import { type HostVolume, WorkerStartError } from '../runtime/runtime.ts';

export interface VolumeStore {
	/** The volume's directory, made where it is missing. Throws `WorkerStartError`. */
	open(volumeId: string): HostVolume;
}

/** `template`: `LONGSHORE_VOLUME_PATH`; null: the host has none. */
export function createVolumeStore(template: string | null, dataCenterId: string): VolumeStore {
	return {
		open(volumeId) {
			if (template === null)
				throw new WorkerStartError(
					`network volume ${volumeId} cannot be mounted: the operator of this host may set LONGSHORE_VOLUME_PATH, for example /mnt/volumes/{dataCenter}/{volumeId}`,
				);
			const { path, holder } = volumePath(template, volumeId, dataCenterId);
			const refuse = (why: string): never => {
				throw new WorkerStartError(`network volume ${volumeId} is not on this host: ${why}`);
			};
			// Never made: where a share is not mounted, hosts would each write to a disk of their own.
			if (!isDirectory(holder)) refuse(`the directory ${holder} that holds volumes is missing: is its file system mounted?`);
			if (!isDirectory(path)) {
				try {
					mkdirSync(path, { recursive: true });
					// Workers run under users of their own; what keeps others out is the directory that holds it.
					chmodSync(path, 0o777);
				} catch (error) {
					refuse(`its directory cannot be made: ${(error as Error).message}`);
				}
			}
			return { id: volumeId, path };
		},
	};
}

function isDirectory(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
