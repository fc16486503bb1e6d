/**
 * FlashBoot on one host: holds idle workers still with their memory instead of ending them, wakes them, and lets them go when there is no
 * room. May not start or end workers that run.
 */
import { FROZEN_KEEP_MS } from '@longshore/shared-schema/limits';
import { canThaw, type FreezeBudget, type FrozenFacts, firstToLeave, isShortOfMemory, overBudget, tooLargeToKeep, tooOld } from '../core/frozen.ts';
import { resumeMeter } from '../core/meter.ts';
import { countOne } from '../core/start-figures.ts';
import type { GpuMemory } from '../gpu/gpu-memory.ts';
import type { WorkerExit } from '../runtime/runtime.ts';
import type { FrozenWorker, Host } from './host.ts';
import { releasePolls, type Worker } from './worker.ts';

/** How often it is looked whether the host needs the room. */
const LOOK_MS = 1_000;

export interface FreezerParts {
	readonly host: Host;
	readonly gpuMemory: GpuMemory;
	readonly budget: FreezeBudget;
	/** The host's memory as it is now. */
	hostMemory(): { readonly availableBytes: number; readonly totalBytes: number };
	/** The worker cannot be kept: it ends as idle workers do. */
	end(worker: Worker, reason: string): void;
	/** Its time counts no more, and does again. */
	frozen(worker: Worker): void;
	thawing(worker: Worker): void;
	changed(): void;
}

export interface Freezer {
	/** Freezes a worker that is drained and has nothing in hand, or has it ended. */
	freeze(worker: Worker): Promise<void>;
	/** The worker is the host's again, and resolves when it has shown that it can be given work. Throws when it does not wake. */
	wake(kept: FrozenWorker): Promise<void>;
	/** The worker has shown that it can be given work. */
	spoke(worker: Worker): void;
	/** Ends frozen workers; resolves when they are gone. Those that are none are left alone. */
	evict(ids: readonly string[], reason: string): Promise<void>;
	/** What stands in the way of a worker on these GPUs goes. */
	clear(gpus: readonly number[], reason: string): Promise<void>;
	/** A frozen worker has ended, whoever ended it. */
	exited(worker: Worker, exit: WorkerExit, how: string): void;
	close(): void;
}

/** Starts looking after the room of the host. */
export function createFreezer(parts: FreezerParts): Freezer {
	return new HostFreezer(parts);
}

class HostFreezer implements Freezer {
	readonly #parts: FreezerParts;
	readonly #host: Host;
	readonly #listening = new Map<string, () => void>();
	readonly #watch: NodeJS.Timeout;

	constructor(parts: FreezerParts) {
		this.#parts = parts;
		this.#host = parts.host;
		this.#watch = setInterval(() => this.#makeRoom(), LOOK_MS).unref();
	}

	async freeze(worker: Worker): Promise<void> {
		const { stillness } = worker.process;
		const { gpuMemory, budget, hostMemory } = this.#parts;
		if (stillness === undefined) return this.#refuse(worker, 'workers of this kind cannot be held still');
		worker.stage = 'freezing';
		try {
			// Moved out by the worker's own driver, so before it is held.
			const { moved, heldBytes } = worker.gpus.length === 0 ? { moved: [], heldBytes: 0 } : await gpuMemory.moveOut(await stillness.pids());
			await stillness.hold();
			const facts: FrozenFacts = {
				id: worker.id,
				gpus: worker.gpus,
				memoryBytes: await stillness.memoryBytes(),
				gpuMemoryBytes: heldBytes,
				frozenAtMs: this.#host.clock.nowMs(),
				isPriority: worker.spec.flashboot === 'PRIORITY_FLASHBOOT',
			};
			const why = tooLargeToKeep(facts, budget) ?? (isShortOfMemory(hostMemory()) ? 'this host is short of memory' : null);
			if (why === null && worker.exit === null && !worker.terminating) return this.#keep({ ...facts, worker, movedPids: moved });
			await stillness.release();
			await gpuMemory.moveBack(moved);
			this.#refuse(worker, why ?? 'it was told to end');
		} catch (error) {
			this.#refuse(worker, (error as Error).message);
			// It can obey only if it goes on; one that was not held yet, or is gone, does not mind.
			await stillness.release().catch((failure: Error) => this.#host.log.warn('a worker that was not frozen does not go on', { workerId: worker.id, error: failure.message }));
		}
	}

	async wake(kept: FrozenWorker): Promise<void> {
		const { worker } = kept;
		const { clock, timers, workers, frozen, log } = this.#host;
		const nowMs = clock.nowMs();
		const frozenMs = Math.round(nowMs - kept.frozenAtMs);
		frozen.delete(worker.id);
		Object.assign(worker, { stage: 'thawing', draining: false, isToFreeze: false, contacted: false, readyMs: null, startKind: 'frozen', startedAtMs: nowMs, idleSinceMs: nowMs });
		worker.meter = resumeMeter(worker.meter, nowMs);
		workers.set(worker.id, worker);
		this.#parts.thawing(worker);
		const spoken = new Promise<'spoke'>((resolve) => this.#listening.set(worker.id, () => resolve('spoke')));
		try {
			await this.clear(worker.gpus, 'a worker comes back to its GPUs');
			await worker.process.stillness?.release();
			await this.#parts.gpuMemory.moveBack(kept.movedPids);
			const outcome = await Promise.race([spoken, worker.process.exited.then(() => 'exited' as const), within(timers.thawMs)]);
			if (outcome !== 'spoke') throw new Error(outcome === 'exited' ? 'it has ended' : `it did not ask for work within ${timers.thawMs} ms`);
			worker.stage = 'up';
		} finally {
			this.#listening.delete(worker.id);
		}
		worker.log.note(`thawed in ${Math.round(worker.readyMs ?? 0)} ms after ${frozenMs} ms`);
		log.info('worker thawed', { workerId: worker.id, endpointId: worker.endpointId, thawMs: Math.round(worker.readyMs ?? 0), frozenMs });
		this.#parts.changed();
	}

	spoke(worker: Worker): void {
		this.#listening.get(worker.id)?.();
	}

	async evict(ids: readonly string[], reason: string): Promise<void> {
		const gone = ids.flatMap((id) => this.#host.frozen.get(id) ?? []);
		for (const { worker } of gone) {
			this.#host.frozen.delete(worker.id);
			this.#host.starts = countOne(this.#host.starts, 'evicted');
			this.#host.log.info('ending a frozen worker', { workerId: worker.id, endpointId: worker.endpointId, reason });
			worker.log.note(`ending: ${reason}`);
			worker.terminating = true;
			worker.process.kill();
		}
		if (gone.length > 0) this.#parts.changed();
		await Promise.all(gone.map(({ worker }) => worker.process.exited));
	}

	clear(gpus: readonly number[], reason: string): Promise<void> {
		const inTheWay = [...this.#host.frozen.values()].filter((kept) => kept.gpuMemoryBytes > 0 && !canThaw(kept, new Set(gpus)));
		return this.evict(
			inTheWay.map(({ id }) => id),
			reason,
		);
	}

	exited(worker: Worker, exit: WorkerExit, how: string): void {
		worker.exit = exit;
		this.#host.frozen.delete(worker.id);
		this.#host.log[worker.terminating ? 'info' : 'warn']('frozen worker exited', { workerId: worker.id, endpointId: worker.endpointId, how, asked: worker.terminating });
		worker.log.note(`${how} while it was frozen`);
		this.#parts.changed();
	}

	close(): void {
		clearInterval(this.#watch);
	}

	#keep(kept: FrozenWorker): void {
		const { worker, memoryBytes, gpuMemoryBytes } = kept;
		worker.stage = 'frozen';
		this.#host.workers.delete(worker.id);
		this.#host.frozen.set(worker.id, kept);
		// What is still open would outlive the freeze: the answers wait in its sockets until it goes on.
		releasePolls(worker);
		for (const cut of [...worker.tunnels]) cut();
		worker.log.note(`frozen with ${Math.round(memoryBytes / 2 ** 20)} MiB`);
		this.#host.log.info('worker frozen', { workerId: worker.id, endpointId: worker.endpointId, memoryBytes, gpuMemoryBytes, movedProcesses: kept.movedPids.length });
		this.#parts.frozen(worker);
		void this.evict(overBudget([...this.#host.frozen.values()], this.#parts.budget), 'others were wanted later and need the room');
		this.#parts.changed();
	}

	#refuse(worker: Worker, why: string): void {
		worker.stage = 'up';
		this.#parts.end(worker, `idle, and not frozen: ${why}`);
	}

	#makeRoom(): void {
		const all = [...this.#host.frozen.values()];
		if (all.length === 0) return;
		void this.evict(tooOld(all, this.#host.clock.nowMs(), FROZEN_KEEP_MS), 'nobody wanted it for a day');
		const first = isShortOfMemory(this.#parts.hostMemory()) ? firstToLeave([...this.#host.frozen.values()]) : null;
		if (first !== null) void this.evict([first], 'this host is short of memory');
	}
}

function within(ms: number): Promise<'silent'> {
	return new Promise((resolve) => setTimeout(() => resolve('silent'), ms).unref());
}
