/** An observer of its own of how long workers lived: looks at the kernel's process table, not at what the system says of itself. Linux only. */
import { readFileSync } from 'node:fs';

/** The kernel counts starts in hundredths of a second, cut off: on average half of one is missing. */
const TICK_MS = 10;
const LOOK_MS = 5;

export interface Lifetimes {
	/** Process numbers of workers that live now. */
	alive(): number[];
	/** Lifetimes of those that are gone, in milliseconds. */
	ended(): number[];
	stop(): void;
}

/** Watches the children of `parents` whose command line holds `words`. */
export function watchLifetimes(parents: () => readonly number[], words: string): Lifetimes {
	const startedMs = new Map<number, number>();
	const ended: number[] = [];
	const strangers = new Set<number>();
	const look = (): void => {
		for (const [pid, atMs] of startedMs) {
			if (startOf(pid) !== null) continue;
			ended.push(uptimeMs() - atMs - LOOK_MS / 2);
			startedMs.delete(pid);
		}
		for (const pid of parents().flatMap(childrenOf)) {
			if (startedMs.has(pid) || strangers.has(pid)) continue;
			const commandLine = read(`/proc/${pid}/cmdline`);
			const atMs = startOf(pid);
			// Between fork and exec a child still has its parent's command line.
			if (atMs !== null && commandLine.includes(words)) startedMs.set(pid, atMs + TICK_MS / 2);
			else if (atMs !== null && uptimeMs() - atMs > 1_000) strangers.add(pid);
		}
	};
	const timer = setInterval(look, LOOK_MS);
	return { alive: () => [...startedMs.keys()], ended: () => [...ended], stop: () => clearInterval(timer) };
}

/** When the process began, in milliseconds since the machine's; null when it is gone or only its parent has not noticed yet. */
function startOf(pid: number): number | null {
	const text = read(`/proc/${pid}/stat`);
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const [state, start] = [fields[0], fields[19]];
	return start === undefined || state === 'Z' || state === 'X' ? null : Number(start) * TICK_MS;
}

function childrenOf(pid: number): number[] {
	return read(`/proc/${pid}/task/${pid}/children`)
		.split(' ')
		.filter((word) => word !== '')
		.map(Number);
}

function uptimeMs(): number {
	return Number(read('/proc/uptime').split(' ')[0]) * 1_000;
}

function read(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return ''; // It ended between two looks.
	}
}
