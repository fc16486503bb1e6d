/** What the scaler remembers of endpoints whose setting asks for anticipation: usual times, slots of a worker, and when how many workers were needed. In memory: a new broker learns anew. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { JobEvent } from '@longshore/shared-schema/wire/region';
import { type Anticipation, neededWorkers } from '../core/anticipate-workers.ts';
import { type LevelUse, NO_LEVEL_USE, noteLevel } from '../core/level-use.ts';
import { FIRST_TIMES, noteRun, noteStart, type UsualTimes } from '../core/usual-times.ts';

interface Memory {
	times: UsualTimes;
	slotsPerWorker: number;
	use: LevelUse;
}

export class Anticipations {
	readonly #memories = new Map<string, Memory>();

	/** What the core needs to know for an endpoint that asks for it; undefined for any other, of which nothing is kept. */
	of(
		endpointId: string,
		{ scaling, idleTimeoutS }: Pick<EndpointSpec, 'scaling' | 'idleTimeoutS'>,
		jobs: number,
		slotsPerWorker: number,
		workersMax: number,
		nowMs: number,
	): Anticipation | undefined {
		if (scaling.type !== 'QUEUE_DELAY' || scaling.anticipate === undefined) {
			this.#memories.delete(endpointId);
			return undefined;
		}
		const memory = this.#memories.get(endpointId) ?? { times: FIRST_TIMES, slotsPerWorker: 1, use: NO_LEVEL_USE };
		this.#memories.set(endpointId, memory);
		memory.slotsPerWorker = Math.max(memory.slotsPerWorker, slotsPerWorker);
		const wish = { ...scaling.anticipate, slotsPerWorker: memory.slotsPerWorker };
		memory.use = noteLevel(memory.use, neededWorkers(jobs, wish), nowMs, workersMax);
		return { ...wish, ...memory.times, use: memory.use, keepMs: idleTimeoutS * 1_000, nowMs };
	}

	/** A worker became ready this long after its start. */
	started(endpointId: string, ms: number): void {
		const memory = this.#memories.get(endpointId);
		if (memory !== undefined) memory.times = noteStart(memory.times, ms);
	}

	/** Results on their way to the edge. */
	passed(events: readonly JobEvent[]): void {
		if (this.#memories.size === 0) return;
		for (const event of events) {
			const memory = event.kind === 'result' ? this.#memories.get(event.endpointId) : undefined;
			if (memory !== undefined && event.kind === 'result') memory.times = noteRun(memory.times, event.executionMs);
		}
	}

	forget(endpointId: string): void {
		this.#memories.delete(endpointId);
	}
}
