/** CPU time and memory of the measured processes, by kind, and what a phase cost. */
import { measureProcess } from '../support/processes.ts';
import type { Subject } from './subject.ts';

export interface KindUsage {
	readonly processes: number;
	readonly cpuS: number;
	readonly residentBytes: number;
	/** Of the largest process of the kind. */
	readonly peakBytes: number;
}
export type Usage = ReadonlyMap<string, KindUsage>;

/** Kinds whose CPU time is the platform's own: not the workers', which are the user's, nor the generator's. */
const PLATFORM: readonly string[] = ['edge', 'broker', 'nats', 'host', 'door', 'redis'];

/** Reads all processes of the subject now. */
export function readUsage(subject: Subject): Usage {
	const usage = new Map<string, KindUsage>();
	for (const [pid, kind] of subject.processes()) {
		const now = measureProcess(pid);
		if (now === undefined) continue;
		const sum = usage.get(kind) ?? { processes: 0, cpuS: 0, residentBytes: 0, peakBytes: 0 };
		usage.set(kind, {
			processes: sum.processes + 1,
			cpuS: sum.cpuS + now.cpuS,
			residentBytes: sum.residentBytes + now.residentBytes,
			peakBytes: Math.max(sum.peakBytes, now.peakBytes),
		});
	}
	return usage;
}

/** CPU seconds per 1,000 jobs between two readings, by kind, and `platform` for the sum of the platform's. */
export function cpuPerThousand(before: Usage, after: Usage, jobs: number): Map<string, number> {
	const per = new Map<string, number>();
	for (const [kind, { cpuS }] of after) per.set(kind, ((cpuS - (before.get(kind)?.cpuS ?? 0)) / jobs) * 1_000);
	return per.set(
		'platform',
		PLATFORM.reduce((sum, kind) => sum + (per.get(kind) ?? 0), 0),
	);
}
