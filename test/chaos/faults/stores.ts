/** What power cuts do to a NATS store, without a disk of its own: the server dies, and its store is gone or is as it was some seconds ago. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const dataOf = (home: string, node: string): string => join(home, 'nats', node, 'data');
const keptOf = (home: string, node: string): string => join(home, 'kept', node);

/** Copies the stores as they are now: what a disk would have after a power cut that comes later. The server is frozen for the moment. */
export function keepStores(home: string, nodes: readonly { readonly id: string; readonly pid: number | undefined }[]): void {
	for (const { id, pid } of nodes) {
		signal(pid, 'SIGSTOP');
		rmSync(keptOf(home, id), { recursive: true, force: true });
		mkdirSync(join(home, 'kept'), { recursive: true });
		if (existsSync(dataOf(home, id))) cpSync(dataOf(home, id), keptOf(home, id), { recursive: true });
		signal(pid, 'SIGCONT');
	}
}

/** Kills the servers at once and takes their stores away, or back to what was kept. Synchronous, so that no supervisor starts one in between. */
export function cutPower(home: string, nodes: readonly { readonly id: string; readonly pid: number | undefined }[], after: 'nothing' | 'kept'): void {
	for (const { pid } of nodes) signal(pid, 'SIGKILL');
	for (const { pid } of nodes) waitUntilGone(pid);
	for (const { id } of nodes) {
		const data = dataOf(home, id);
		if (existsSync(data)) renameSync(data, `${data}-lost-${process.hrtime.bigint()}`);
		if (after === 'kept' && existsSync(keptOf(home, id))) renameSync(keptOf(home, id), data);
	}
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
	try {
		if (pid !== undefined) process.kill(pid, name);
	} catch {
		// It died by itself.
	}
}

/** A killed child of ours stays as a zombie until we hear of it, with its files closed. */
function waitUntilGone(pid: number | undefined): void {
	for (let tries = 0; pid !== undefined && tries < 10_000; tries++) {
		try {
			const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
			if (stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z') return;
		} catch {
			return;
		}
	}
}
