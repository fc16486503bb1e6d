/** Counts an endpoint's worker processes every 50 ms from the system's process table: an observer that asks nobody but the kernel. */
import { readFileSync } from 'node:fs';
import type { RawEndpoint } from './raw-endpoint.ts';

const SAMPLE_MS = 50;

export interface Census {
	readonly samples: number;
	/** The most processes that lived at one sample. */
	readonly most: number;
	/** Samples with exactly that many. */
	readonly timesAtMost: number;
}

/** Starts counting; the returned function ends it and tells. */
export function countWorkers(endpoint: RawEndpoint): () => Census {
	let samples = 0;
	let most = 0;
	let timesAtMost = 0;
	const timer = setInterval(() => {
		const living = livingWorkers(endpoint);
		samples++;
		if (living > most) timesAtMost = 0;
		most = Math.max(most, living);
		if (living === most) timesAtMost++;
	}, SAMPLE_MS);
	return () => {
		clearInterval(timer);
		return { samples, most, timesAtMost };
	};
}

/** Worker processes that live now. */
export function livingWorkers(endpoint: RawEndpoint): number {
	const pids = new Set(endpoint.trace().flatMap((line) => (line.event === 'boot' ? [line.pid] : [])));
	return [...pids].filter(lives).length;
}

function lives(pid: number): boolean {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
	} catch {
		return false; // Gone.
	}
}
