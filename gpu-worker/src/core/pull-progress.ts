/** Adds up what an engine says while it pulls an image, and says now and then how far it is. */

const MB = 1e6;
const GB = 1e9;
/** A note at least this far apart… */
const NOTE_GAP_MS = 5_000;
/** …and only when this much more is there. Share of the whole. */
const NOTE_STEP = 0.1;
/** What is shown of a start goes through the region: not more often than this. */
const STAGE_GAP_MS = 500;

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
	readonly stagedAtMs: number;
	readonly stage: string;
}

/** Nothing has come yet. */
export function startProgress(nowMs: number): PullProgress {
	return { layers: new Map(), notedAtMs: nowMs, notedShare: 0, stagedAtMs: Number.NEGATIVE_INFINITY, stage: '' };
}

/** `note` is a line for the log, `stage` what the start waits for, each null until it is time for another one. */
export interface PullStep {
	readonly progress: PullProgress;
	readonly note: string | null;
	readonly stage: string | null;
}

/** Takes one event in. */
export function advanceProgress(progress: PullProgress, event: PullEvent, nowMs: number): PullStep {
	const { id, status, progressDetail } = event;
	const total = progressDetail?.total ?? 0;
	// Unpacking counts the same bytes once more.
	if (id === undefined || total <= 0 || status !== 'Downloading') return { progress, note: null, stage: null };
	const layers = new Map(progress.layers).set(id, { bytes: progressDetail?.current ?? 0, total });
	const sum = (pick: 'bytes' | 'total'): number => [...layers.values()].reduce((all, layer) => all + layer[pick], 0);
	const share = sum('bytes') / sum('total');
	const text = `pulling image: ${Math.floor(share * 100)} % of ${size(sum('total'))}`;
	const stage = text !== progress.stage && nowMs - progress.stagedAtMs >= STAGE_GAP_MS ? text : null;
	const staged = { ...progress, layers, ...(stage === null ? {} : { stage, stagedAtMs: nowMs }) };
	if (nowMs - progress.notedAtMs < NOTE_GAP_MS || share - progress.notedShare < NOTE_STEP) return { progress: staged, note: null, stage };
	return { progress: { ...staged, notedAtMs: nowMs, notedShare: share }, note: text, stage };
}

function size(bytes: number): string {
	return bytes < GB ? `${Math.ceil(bytes / MB)} MB` : `${(bytes / GB).toFixed(1)} GB`;
}
