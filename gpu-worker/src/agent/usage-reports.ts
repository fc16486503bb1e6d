/** Tells the edge how long this host's workers started, ran and idled, and repeats the last figures of ended ones until the edge has stored them. */
import { USAGE_ENDED_MAX, USAGE_WORKERS_MAX } from '@longshore/shared-schema/limits';
import { usageSubject } from '@longshore/shared-schema/wire/subjects';
import { type UsageReport, usageReply, type WorkerUsage } from '@longshore/shared-schema/wire/usage';
import { type Bus, BusError } from '../bus/bus.ts';
import { endMeter } from '../core/meter.ts';
import type { Host } from './host.ts';
import { meterWorker, type Worker } from './worker.ts';

/** The broker asks the edge before it answers. */
const TIMEOUT_MS = 10_000;

export interface UsageReports {
	/** The worker is gone since `agoMs`; its last figures leave at once. */
	ended(worker: Worker, agoMs: number): void;
	/** A worker whose time had ended, because it was frozen, has begun again: its sums go on. */
	resumed(worker: Worker): void;
	/** One last report; resolves when the edge has answered or could not be asked. */
	flushed(): Promise<void>;
	close(): void;
}

/** Reports every `usageReportMs` while there is something to report. */
export function createUsageReports(host: Host, bus: Bus): UsageReports {
	const ended = new Map<string, WorkerUsage>();
	let inFlight: Promise<void> | null = null;
	let again = false;

	const report = (): Promise<void> => {
		if (inFlight !== null) {
			again = true;
			return inFlight;
		}
		again = false;
		inFlight = send(host, bus, ended).finally(() => {
			inFlight = null;
		});
		const done = inFlight;
		return done.then(() => (again ? report() : undefined));
	};
	const timer = setInterval(() => void report(), host.timers.usageReportMs);
	return {
		ended: (worker, agoMs) => {
			worker.meter = endMeter(worker.meter, host.clock.nowMs() - agoMs);
			ended.set(worker.id, usageOf(worker));
			for (const oldest of ended.keys()) {
				if (ended.size <= USAGE_ENDED_MAX) break;
				ended.delete(oldest);
			}
			void report();
		},
		resumed: (worker) => void ended.delete(worker.id),
		flushed: report,
		close: () => clearInterval(timer),
	};
}

async function send(host: Host, bus: Bus, ended: Map<string, WorkerUsage>): Promise<void> {
	const nowMs = host.clock.nowMs();
	const alive = [...host.workers.values()].filter(({ meter }) => !meter.ended);
	for (const worker of alive) meterWorker(worker, nowMs);
	const all = [...ended.values(), ...alive.map(usageOf)];
	for (let at = 0; at < all.length && bus.isConnected(); at += USAGE_WORKERS_MAX) {
		const workers = all.slice(at, at + USAGE_WORKERS_MAX);
		const body: UsageReport = { hostId: host.id, dataCenterId: host.dataCenterId, gpuType: host.inventory.gpuType, workers };
		try {
			const answer = await bus.request(usageSubject(host.id), new TextEncoder().encode(JSON.stringify(body)), TIMEOUT_MS);
			const { stored } = usageReply.parse(JSON.parse(new TextDecoder().decode(answer)));
			if (stored) for (const worker of workers) if (worker.ended) ended.delete(worker.id);
		} catch (error) {
			if (!(error instanceof BusError)) host.log.error('an answer to a report of usage cannot be read', { error: String(error).slice(0, 300) });
			else host.log.warn('a report of usage got no answer', { workers: workers.length, error: error.message });
			return;
		}
	}
}

function usageOf({ id, endpointId, version, gpus, meter }: Worker): WorkerUsage {
	const { startingMs, runningMs, idleMs, ended } = meter;
	return { id, endpointId, version, gpus: gpus.length, startingMs, runningMs, idleMs, ended };
}
