/** Watches the workers of a run: reads what they write, and counts which of their processes live, by the kernel's word. */
import { readFileSync } from 'node:fs';
import type { History } from '../history/write-history.ts';
import { type ChaosEndpoint, followTrace } from './endpoints.ts';

const SAMPLE_MS = 100;

export interface Census {
	/** Process numbers of the workers that lived at the last sample. */
	living(): readonly number[];
	/** Reads the rest of what they wrote. */
	stop(): void;
}

export function startCensus(endpoints: readonly ChaosEndpoint[], history: History): Census {
	const watched = endpoints.map((endpoint) => ({ endpoint, read: followTrace(endpoint.traceFile), pids: new Set<number>() }));
	const sample = (): void => {
		for (const { endpoint, read, pids } of watched) {
			for (const work of read()) {
				if (work.what === 'boot') pids.add(work.pid);
				history.add(work);
			}
			for (const pid of pids) if (!lives(pid)) pids.delete(pid);
			history.add({ is: 'census', at: Date.now(), endpoint: endpoint.name, alive: pids.size, max: endpoint.workersMax });
		}
	};
	const timer = setInterval(sample, SAMPLE_MS);
	return {
		living: () => watched.flatMap(({ pids }) => [...pids]),
		stop: () => {
			clearInterval(timer);
			sample();
		},
	};
}

function lives(pid: number): boolean {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
	} catch {
		return false; // Gone.
	}
}
