/** Adds up what an engine says while it pulls an image, and says now and then how far it is. */

const GB = 1e9;
/** A note at least this far apart… */
const NOTE_GAP_MS = 5_000;
/** …and only when this much more is there. Share of the whole. */
const NOTE_STEP = 0.1;

/** A line of the engine's answer. */
export interface PullEvent {
	readonly id?: string | undefined;
	readonly status?: string | undefined;
	readonly progressDetail?: { readonly current?: number | undefined; readonly total?: number | undefined } | undefined;
}

export interface PullProgress {
	readonly layers: ReadonlyMap<string, { readonly bytes: number; readonly total: number }>;
	readonly notedAtMs: number;
	readonly notedShare: number;
}

/** Nothing has come yet. */
export function startProgress(nowMs: number): PullProgress {
	return { layers: new Map(), notedAtMs: nowMs, notedShare: 0 };
}

/** Takes one event in. `note` is a line for the log when it is time for one, else null. */
export function advanceProgress(progress: PullProgress, event: PullEvent, nowMs: number): { readonly progress: PullProgress; readonly note: string | null } {
	const { id, status, progressDetail } = event;
	const total = progressDetail?.total ?? 0;
	// Unpacking counts the same bytes once more.
	if (id === undefined || total <= 0 || status !== 'Downloading') return { progress, note: null };
	const layers = new Map(progress.layers).set(id, { bytes: progressDetail?.current ?? 0, total });
	const sum = (pick: 'bytes' | 'total'): number => [...layers.values()].reduce((all, layer) => all + layer[pick], 0);
	const share = sum('bytes') / sum('total');
	if (nowMs - progress.notedAtMs < NOTE_GAP_MS || share - progress.notedShare < NOTE_STEP) return { progress: { ...progress, layers }, note: null };
	return { progress: { layers, notedAtMs: nowMs, notedShare: share }, note: `pulling the image: ${(sum('bytes') / GB).toFixed(1)} of ${(sum('total') / GB).toFixed(1)} GB` };
}
