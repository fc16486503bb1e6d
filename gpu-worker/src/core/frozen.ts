/** Which idle workers a host keeps frozen, and which of them go when it needs room. */

/** One frozen worker, as far as room is concerned. */
export interface FrozenFacts {
	readonly id: string;
	/** Indices that it ran on and needs again. */
	readonly gpus: readonly number[];
	/** Memory of the host that it keeps. */
	readonly memoryBytes: number;
	/** Memory of its GPUs that could not be moved out: until it goes nobody else gets them. */
	readonly gpuMemoryBytes: number;
	readonly frozenAtMs: number;
	/** `PRIORITY_FLASHBOOT`: goes after all others. */
	readonly isPriority: boolean;
}

/** What a host spares for frozen workers. */
export interface FreezeBudget {
	readonly memoryBytes: number;
	readonly gpuMemoryBytes: number;
	readonly workers: number;
}

/** Why a worker cannot be kept even alone, in words; null: it can. */
export function tooLargeToKeep(one: Pick<FrozenFacts, 'memoryBytes' | 'gpuMemoryBytes'>, budget: FreezeBudget): string | null {
	if (budget.workers === 0 || budget.memoryBytes === 0) return 'this host keeps no frozen workers';
	if (one.memoryBytes > budget.memoryBytes) return `it takes ${mib(one.memoryBytes)} MiB, and this host spares ${mib(budget.memoryBytes)} MiB`;
	if (one.gpuMemoryBytes > budget.gpuMemoryBytes) return `it holds ${mib(one.gpuMemoryBytes)} MiB of GPU memory, and this host spares ${mib(budget.gpuMemoryBytes)} MiB`;
	return null;
}

/** Those that must go so that the rest keeps within the budget: the least recently used first, those with priority last. */
export function overBudget(frozen: readonly FrozenFacts[], budget: FreezeBudget): string[] {
	let [memoryBytes, gpuMemoryBytes, workers] = [0, 0, frozen.length];
	for (const one of frozen) {
		memoryBytes += one.memoryBytes;
		gpuMemoryBytes += one.gpuMemoryBytes;
	}
	const gone: string[] = [];
	for (const one of inOrderOfLeaving(frozen)) {
		if (memoryBytes <= budget.memoryBytes && gpuMemoryBytes <= budget.gpuMemoryBytes && workers <= budget.workers) break;
		// Room of a kind that is not short stays with those that would give nothing of the other.
		const helps = workers > budget.workers || (memoryBytes > budget.memoryBytes && one.memoryBytes > 0) || (gpuMemoryBytes > budget.gpuMemoryBytes && one.gpuMemoryBytes > 0);
		if (!helps) continue;
		gone.push(one.id);
		memoryBytes -= one.memoryBytes;
		gpuMemoryBytes -= one.gpuMemoryBytes;
		workers--;
	}
	return gone;
}

/** The one that makes room when the host itself runs short; null: there is none. */
export function firstToLeave(frozen: readonly FrozenFacts[]): string | null {
	return inOrderOfLeaving(frozen)[0]?.id ?? null;
}

/** Those that have been frozen for longer than `keepMs`. */
export function tooOld(frozen: readonly FrozenFacts[], nowMs: number, keepMs: number): string[] {
	return frozen.filter(({ frozenAtMs }) => nowMs - frozenAtMs >= keepMs).map(({ id }) => id);
}

/** True while the GPUs that a frozen worker needs are nobody's. */
export function canThaw(one: Pick<FrozenFacts, 'gpus'>, held: ReadonlySet<number>): boolean {
	return one.gpus.every((gpu) => !held.has(gpu));
}

/** Below this share of its memory a host is short, whatever its budget says. */
const SHORT_SHARE = 1 / 20;

/** True when the host needs the memory of its frozen workers for those that run. */
export function isShortOfMemory(host: { readonly availableBytes: number; readonly totalBytes: number }): boolean {
	return host.availableBytes < host.totalBytes * SHORT_SHARE;
}

/** The least recently used first, those with priority last. */
export function inOrderOfLeaving(frozen: readonly FrozenFacts[]): FrozenFacts[] {
	return [...frozen].sort((a, b) => Number(a.isPriority) - Number(b.isPriority) || a.frozenAtMs - b.frozenAtMs || (a.id < b.id ? -1 : 1));
}

function mib(bytes: number): number {
	return Math.ceil(bytes / 2 ** 20);
}
