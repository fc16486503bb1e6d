/** Finds and signals the processes of a worker's group, which outlive an agent that was killed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What is written down of a started group to recognise it later: a process id alone may have been given to someone else. */
export interface GroupRecord {
	readonly pid: number;
	/** Start time of the leader as the system writes it. */
	readonly startedAt: string;
}

interface ProcessRow {
	readonly pid: number;
	readonly group: number;
	readonly startedAt: string;
}

/** Sends `signal` to every process of the group; false when there is none any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
	try {
		process.kill(-pid, signal);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
		throw error;
	}
}

/** The record of a process that was just started, or null when it is gone already. */
export function recordGroup(pid: number): GroupRecord | null {
	const row = existsSync('/proc/self/stat') ? procRow(pid) : psRows([String(pid)])[0];
	return row === undefined ? null : { pid, startedAt: row.startedAt };
}

/**
 * True while a process of the recorded group lives. A leader with another start time is a stranger; a group without its leader is
 * still ours, because the system gives no new process the id of a group that exists.
 */
export function isGroupAlive(record: GroupRecord): boolean {
	const members = processRows().filter((row) => row.group === record.pid);
	const leader = members.find((row) => row.pid === record.pid);
	return members.length > 0 && (leader === undefined || leader.startedAt === record.startedAt);
}

function processRows(): ProcessRow[] {
	if (!existsSync('/proc/self/stat')) return psRows([]);
	return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (procRow(Number(name)) ?? []) : []));
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
	const [state, , group] = fields;
	const startedAt = fields[19];
	return state === 'Z' || group === undefined || startedAt === undefined ? undefined : { pid, group: Number(group), startedAt };
}

/** For systems without `/proc`. `ps` exits with 1 when no process matches. */
function psRows(pids: readonly string[]): ProcessRow[] {
	let text: string;
	try {
		text = execFileSync('ps', ['-o', 'pid=,pgid=,stat=,lstart=', ...(pids.length === 0 ? ['-ax'] : ['-p', pids.join(',')])], { encoding: 'utf8' });
	} catch (error) {
		if ((error as { status?: number }).status === 1) return [];
		throw error;
	}
	return text.split('\n').flatMap((line) => {
		const [pid, group, stat, ...started] = line.trim().split(/\s+/);
		return pid === undefined || pid === '' || stat?.startsWith('Z') === true ? [] : [{ pid: Number(pid), group: Number(group), startedAt: started.join(' ') }];
	});
}
