/** Holds a container to the size of its disk where the engine itself cannot: looks now and then how much it has written. */
import type Docker from 'dockerode';
import type { Log } from '../log.ts';
import { messageOf, statusOf } from './container-engine.ts';

const GB = 1e9;

export interface DiskBound {
	readonly diskGb: number;
	/** Time between two looks: each makes the engine walk over all that was written. */
	readonly everyMs: number;
}

/** Calls `full` once when the container has written more than its disk holds. Returns what ends the watch. */
export function watchDisk(container: Docker.Container, bound: DiskBound, log: Log, full: (writtenBytes: number) => void): () => void {
	let timer: NodeJS.Timeout | null = null;
	let ended = false;
	const look = async (): Promise<void> => {
		try {
			// The API knows it, the library's types do not.
			const { SizeRw } = (await container.inspect({ size: true } as Docker.ContainerInspectOptions)) as { readonly SizeRw?: number };
			if (ended) return;
			if (SizeRw !== undefined && SizeRw > bound.diskGb * GB) return full(SizeRw);
		} catch (error) {
			// 404: it has ended meanwhile.
			if (statusOf(error) === 404) return;
			log.warn('the container engine did not tell the size of a container', { containerId: container.id, error: messageOf(error) });
		}
		next();
	};
	const next = (): void => {
		if (!ended) timer = setTimeout(() => void look(), bound.everyMs).unref();
	};
	next();
	return () => {
		ended = true;
		if (timer !== null) clearTimeout(timer);
	};
}
