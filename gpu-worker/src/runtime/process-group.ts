/** Finds and signals the processes of a worker's group, which outlive an agent that was killed. */
import { processRow, processRows } from './process-table.ts';

/** What is written down of a started group to recognise it later: a process id alone may have been given to someone else. */
export interface GroupRecord {
	readonly pid: number;
	/** Start time of the leader as the system writes it. */
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
	const row = processRow(pid);
	return row === undefined ? null : { pid, startedAt: row.startedAt };
}

/** Processes of the group that live. */
export function groupMembers(pid: number): number[] {
	return processRows().flatMap((row) => (row.group === pid ? [row.pid] : []));
}

/** True when no process of the group does anything any more until it is told to go on. */
export function isGroupStopped(pid: number): boolean {
	return processRows().every((row) => row.group !== pid || row.isStopped);
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
