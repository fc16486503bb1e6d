/** Chooses GPUs of a host for a worker. */
import { type FrozenFacts, inOrderOfLeaving } from './frozen.ts';

/** GPUs for a new worker, and the frozen ones that must go first because their memory is still on them. */
export interface ChosenGpus {
	readonly gpus: number[];
	readonly evict: readonly string[];
}

/**
 * `count` of the free GPUs of a host with `total`, or null when fewer are free; a CPU worker (0) always fits. Those that no frozen worker comes back to go first, then
 * those whose memory was moved out, and only then those that a frozen worker still holds, the first to leave before the others.
 */
export function chooseGpus(total: number, held: ReadonlySet<number>, count: number, frozen: readonly FrozenFacts[]): ChosenGpus | null {
	const order = inOrderOfLeaving(frozen);
	const cost = (gpu: number): number => Math.max(0, ...order.map((one, at) => (one.gpus.includes(gpu) ? 1 + at + (one.gpuMemoryBytes > 0 ? order.length : 0) : 0)));
	const free = Array.from({ length: total }, (_, gpu) => gpu).filter((gpu) => !held.has(gpu));
	if (free.length < count) return null;
	const gpus = free
		.map((gpu) => ({ gpu, cost: cost(gpu) }))
		.sort((a, b) => a.cost - b.cost || a.gpu - b.gpu)
		.slice(0, count)
		.map(({ gpu }) => gpu)
		.sort((a, b) => a - b);
	return { gpus, evict: order.filter((one) => one.gpuMemoryBytes > 0 && one.gpus.some((gpu) => gpus.includes(gpu))).map(({ id }) => id) };
}
