/** Chooses what a host's model cache gives up so that another model finds room: what was used longest ago, and never what is in use. */

/** Something that can be removed by itself: a complete model at one commit, or the remains of a download. */
export interface CachedPart {
	readonly id: string;
	/** What removing it frees. Parts that share files count them once they are the last. */
	readonly bytes: number;
	readonly usedAtMs: number;
	readonly inUse: boolean;
}

/** Ids to remove, in that order; null when even all of it that is not in use would not do. */
export function chooseEvictions(parts: readonly CachedPart[], neededBytes: number): readonly string[] | null {
	const chosen: string[] = [];
	let freed = 0;
	for (const part of [...parts].filter(({ inUse }) => !inUse).sort((a, b) => a.usedAtMs - b.usedAtMs || (a.id < b.id ? -1 : 1))) {
		if (freed >= neededBytes) break;
		chosen.push(part.id);
		freed += part.bytes;
	}
	return freed >= neededBytes ? chosen : null;
}
