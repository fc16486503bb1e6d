/** Says now and then how far a model's download is, for the logs of the workers that wait for it. */

/** A note at least this far apart… */
const NOTE_GAP_MS = 5_000;
/** …and only when this much more is there. Share of the whole. */
const NOTE_STEP = 0.1;

export interface DownloadProgress {
	readonly bytes: number;
	/** 0: not known. */
	readonly totalBytes: number;
	readonly notedAtMs: number;
	readonly notedBytes: number;
}

/** `haveBytes` were there already. */
export function startDownload(totalBytes: number, haveBytes: number, nowMs: number): DownloadProgress {
	return { bytes: haveBytes, totalBytes, notedAtMs: nowMs, notedBytes: haveBytes };
}

/** Counts bytes that came, or fewer than none where some had to be thrown away. `note` is a line for the log when it is time for one, else null. */
export function advanceDownload(progress: DownloadProgress, bytes: number, nowMs: number): { readonly progress: DownloadProgress; readonly note: string | null } {
	const next = { ...progress, bytes: Math.max(0, progress.bytes + bytes) };
	const isSoon = nowMs - next.notedAtMs < NOTE_GAP_MS || next.bytes - next.notedBytes < next.totalBytes * NOTE_STEP;
	if (isSoon) return { progress: next, note: null };
	return { progress: { ...next, notedAtMs: nowMs, notedBytes: next.bytes }, note: describeDownload(next) };
}

/** `1.2 of 4.5 GB`. */
export function describeDownload({ bytes, totalBytes }: Pick<DownloadProgress, 'bytes' | 'totalBytes'>): string {
	const [name, unit] = unitFor(totalBytes);
	return `${(bytes / unit).toFixed(1)} of ${(totalBytes / unit).toFixed(1)} ${name}`;
}

/** `4.5 GB`. */
export function describeBytes(bytes: number): string {
	const [name, unit] = unitFor(bytes);
	return `${(bytes / unit).toFixed(1)} ${name}`;
}

function unitFor(bytes: number): readonly [string, number] {
	return bytes >= 1e9 ? ['GB', 1e9] : ['MB', 1e6];
}
