/** Self-fencing: a host that its region may have given up must not go on running jobs. */

/** Times on one monotonic clock. */
export interface FenceFacts {
	readonly nowMs: number;
	/** When the last acknowledged report was *sent*: the region heard nothing of later ones for sure. */
	readonly ackedReportSentAtMs: number;
	/** When the edge was last heard, as the broker said. */
	readonly edgeHeardAtMs: number;
	readonly agentLeaseMs: number;
	readonly regionFenceMs: number;
}

/** Why the host is fenced off, or null while it may run jobs. */
export function fenceReason(facts: FenceFacts): string | null {
	const silentMs = facts.nowMs - facts.ackedReportSentAtMs;
	if (silentMs > facts.agentLeaseMs) return `no acknowledged host report for ${Math.round(silentMs)} ms (lease ${facts.agentLeaseMs} ms)`;
	const edgeMs = facts.nowMs - facts.edgeHeardAtMs;
	if (edgeMs > facts.regionFenceMs) return `the region has not heard the edge for ${Math.round(edgeMs)} ms (fence ${facts.regionFenceMs} ms)`;
	return null;
}

/** Milliseconds until the host is fenced off if it hears nothing more; negative when it is. */
export function leftMs({ nowMs, ackedReportSentAtMs, edgeHeardAtMs, agentLeaseMs, regionFenceMs }: FenceFacts): number {
	return Math.min(ackedReportSentAtMs + agentLeaseMs, edgeHeardAtMs + regionFenceMs) - nowMs;
}
