/** Chooses the worker for a load-balanced request. */
import type { Affinity } from '@longshore/shared-schema/wire/load-balancer';

/** A worker that may be given requests. */
export interface Candidate {
	readonly id: string;
	/** Of an older release than the endpoint's: serves only until there is another. */
	readonly outdated: boolean;
	/** Requests that this broker has with it. */
	readonly inFlight: number;
	/** Requests in its hands as its host last said, those of other brokers too. */
	readonly reported: number;
	/** When this broker gave it a request last; 0: never. */
	readonly usedAtMs: number;
}

/** The worker that is wished for if it is there; else the one of the current release with the fewest requests, then the one that has waited longest. Null: none will do. */
export function chooseWorker<C extends Candidate>(candidates: readonly C[], affinity: Affinity | null): C | null {
	const wished = affinity === null ? undefined : candidates.find(({ id }) => id === affinity.workerId);
	if (wished !== undefined) return wished;
	if (affinity?.strict === true) return null;
	let best: C | null = null;
	for (const candidate of candidates) if (best === null || compare(candidate, best) < 0) best = candidate;
	return best;
}

/** Own requests are known to the moment, the reported ones late: they only break ties. */
function compare(a: Candidate, b: Candidate): number {
	return Number(a.outdated) - Number(b.outdated) || a.inFlight - b.inFlight || a.reported - b.reported || a.usedAtMs - b.usedAtMs || (a.id < b.id ? -1 : 1);
}
