/** Load-balanced requests as the agent's other parts see them: who may be given one, and what follows when a worker has one more or one less. */
import type { TunnelHost } from '../tunnel/tunnel-door.ts';
import type { Host } from './host.ts';
import { meterWorker, requestPort } from './worker.ts';

export interface RequestsParts {
	readonly host: Host;
	/** A worker has one request less. */
	requestEnded(workerId: string): void;
	changed(): void;
}

/** `TunnelHost` of one agent. */
export function createTunnelHost({ host, requestEnded, changed }: RequestsParts): TunnelHost {
	return {
		portOf: (workerId) => (host.draining || host.fenced !== null ? null : requestPort(host.workers.get(workerId))),
		opened(workerId, cut) {
			const tunnels = host.workers.get(workerId)?.tunnels;
			tunnels?.add(cut);
			return () => void tunnels?.delete(cut);
		},
		busy(workerId, by) {
			const worker = host.workers.get(workerId);
			if (worker === undefined) return;
			worker.requests += by;
			meterWorker(worker, host.clock.nowMs());
			if (by < 0) requestEnded(workerId);
			changed();
		},
	};
}
