/** Reads the system's table of processes: who belongs to a group or descends from a process, in which state, with how much memory. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessRow {
	readonly pid: number;
	readonly parent: number;
	readonly group: number;
	/** As the system writes it. */
	readonly startedAt: string;
	/** Stopped by a signal. */
	readonly isStopped: boolean;
}

/** Bytes of a page where the system says nothing else; Linux counts resident memory in pages. */
const PAGE_BYTES = 4_096;

/** All processes that live; ended ones that nobody has waited for are left out. */
export function processRows(): ProcessRow[] {
	if (!hasProc()) return psRows([]);
	return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (procRow(Number(name)) ?? []) : []));
}

/** One process, or undefined when it has ended. */
export function processRow(pid: number): ProcessRow | undefined {
	return hasProc() ? procRow(pid) : psRows([String(pid)])[0];
}

/** The process and all that descend from it. */
export function familyOf(pid: number, rows: readonly ProcessRow[] = processRows()): ProcessRow[] {
	const family = rows.filter((row) => row.pid === pid);
	for (const member of family) family.push(...rows.filter((row) => row.parent === member.pid && !family.includes(row)));
	return family;
}

/** Memory that would be free without these processes. Bytes. What they share with each other counts once where the agent may look so closely. */
export function memoryOf(pids: readonly number[]): number {
	return pids.reduce((sum, pid) => sum + memoryOfOne(pid), 0);
}

function memoryOfOne(pid: number): number {
	if (!hasProc()) return psMemory(pid);
	try {
		const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
		if (kib !== undefined) return Number(kib) * 1_024;
	} catch {
		// Of another user, or ended: the next one tells.
	}
	try {
		return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
	} catch {
		return 0; // Ended while we looked.
	}
}

function hasProc(): boolean {
	return existsSync('/proc/self/stat');
}

/** Fields of `/proc/<pid>/stat` behind the command, which may itself hold spaces and parentheses: state, parent, group, …, start time. */
function procRow(pid: number): ProcessRow | undefined {
	let text: string;
	try {
		text = readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		return undefined; // Ended while we looked.
	}
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const [state, parent, group] = fields;
	const startedAt = fields[19];
	if (state === 'Z' || parent === undefined || group === undefined || startedAt === undefined) return undefined;
	return { pid, parent: Number(parent), group: Number(group), startedAt, isStopped: state === 'T' || state === 't' };
}

/** For systems without `/proc`. `ps` exits with 1 when no process matches. */
function psRows(pids: readonly string[]): ProcessRow[] {
	return ps(['-o', 'pid=,ppid=,pgid=,stat=,lstart=', ...(pids.length === 0 ? ['-ax'] : ['-p', pids.join(',')])])
		.split('\n')
		.flatMap((line) => {
			const [pid, parent, group, stat, ...started] = line.trim().split(/\s+/);
			return pid === undefined || pid === '' || stat === undefined || stat.startsWith('Z')
				? []
				: [{ pid: Number(pid), parent: Number(parent), group: Number(group), startedAt: started.join(' '), isStopped: stat.startsWith('T') }];
		});
}

function psMemory(pid: number): number {
	return Number(ps(['-o', 'rss=', '-p', String(pid)]).trim()) * 1_024;
}

function ps(args: readonly string[]): string {
	try {
		return execFileSync('ps', args, { encoding: 'utf8' });
	} catch (error) {
		if ((error as { status?: number }).status === 1) return '';
		throw error;
	}
}
