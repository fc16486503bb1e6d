/** Ends the workers of one agent by their records, with all that they have started. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GroupRecord, isGroupAlive, signalGroup } from '../runtime/process-group.ts';

/** `owner`: the mark of the agent whose workers these are. Records that are being written or removed are left alone. */
export function endWorkersOf(workersDir: string, owner: string): void {
	for (const workerId of namesIn(workersDir)) {
		const record = readRecord(join(workersDir, workerId, 'process.json'));
		if (record !== null && record.owner === owner && isGroupAlive(record)) signalGroup(record.pid, 'SIGKILL');
	}
}

function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch {
		return []; // The host's state was removed.
	}
}

function readRecord(file: string): (GroupRecord & { readonly owner?: string }) | null {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as GroupRecord & { readonly owner?: string };
	} catch {
		return null; // The worker is just starting, or gone.
	}
}
