/** Remembers when so many workers were last needed at once: what tells apart a pool that is too large from one whose turn comes round. */

/** `lastMs[n - 1]`: when at least `n` workers were last needed; falls with `n`. */
export interface LevelUse {
	readonly needed: number;
	readonly lastMs: readonly number[];
}

export const NO_LEVEL_USE: LevelUse = { needed: 0, lastMs: [] };

/** `needed` workers are needed from now on; until now it was what the record says. At most `levelsMax` are remembered. */
export function noteLevel(use: LevelUse, needed: number, nowMs: number, levelsMax: number): LevelUse {
	const counted = Math.min(needed, levelsMax);
	if (counted === use.needed) return use;
	const lastMs = use.lastMs.slice(0, levelsMax);
	for (let level = 0; level < Math.max(use.needed, counted) && level < levelsMax; level++) lastMs[level] = nowMs;
	return { needed: counted, lastMs };
}

/** The most workers needed within the last `windowMs`, and when that number falls if nothing happens. */
export function recentPeak(use: LevelUse, nowMs: number, windowMs: number): { readonly workers: number; readonly fallsInMs: number | null } {
	let workers = use.lastMs.length;
	while (workers > use.needed && nowMs - (use.lastMs[workers - 1] ?? Number.NEGATIVE_INFINITY) >= windowMs) workers--;
	if (workers <= use.needed) return { workers: use.needed, fallsInMs: null };
	return { workers, fallsInMs: windowMs - (nowMs - (use.lastMs[workers - 1] ?? nowMs)) };
}
