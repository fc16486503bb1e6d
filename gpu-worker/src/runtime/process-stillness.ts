/** Holds the processes of a worker's group still by signal: SIGSTOP, which no process can refuse, and SIGCONT. */
import { setTimeout as sleep } from 'node:timers/promises';
import { groupMembers, isGroupStopped, signalGroup } from './process-group.ts';
import { memoryOf } from './process-table.ts';
import type { Stillness } from './runtime.ts';

/** The system stops a process as soon as it runs next; one that waits for a disk takes longer. */
const STOPPED_WITHIN_MS = 2_000;
const LOOK_MS = 2;

/** Of the group with this id. A process that has left the group goes on, as it would survive the group's end. */
export function groupStillness(pid: number): Stillness {
	return {
		pids: async () => groupMembers(pid),
		async hold() {
			if (!signalGroup(pid, 'SIGSTOP')) throw new Error('it has ended');
			const deadlineMs = performance.now() + STOPPED_WITHIN_MS;
			while (!isGroupStopped(pid)) {
				if (performance.now() > deadlineMs) throw new Error(`its processes did not stop within ${STOPPED_WITHIN_MS} ms`);
				await sleep(LOOK_MS);
			}
		},
		async release() {
			if (!signalGroup(pid, 'SIGCONT')) throw new Error('it has ended');
		},
		memoryBytes: async () => memoryOf(groupMembers(pid)),
	};
}
