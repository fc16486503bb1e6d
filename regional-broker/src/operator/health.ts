/** What `/readyz` rests on, each part by name. */

export interface HealthSources {
	readonly bus: { checks(): Readonly<Record<string, boolean>> };
	readonly edgeSilentMs: () => number | null;
	/** Silence after which the edge counts as not heard. */
	readonly edgeSilentMaxMs: number;
	readonly isDraining: () => boolean;
}

/** Named checks; ready when all are true. */
export function readiness({ bus, edgeSilentMs, edgeSilentMaxMs, isDraining }: HealthSources): Record<string, boolean> {
	const silentMs = edgeSilentMs();
	return { ...bus.checks(), edge: silentMs !== null && silentMs < edgeSilentMaxMs, serving: !isDraining() };
}
