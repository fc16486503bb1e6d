/** Whether a process lives. One that nobody has waited for yet is dead all the same. */
import { execFileSync } from 'node:child_process';

/** False for zombies too. */
export function isAlive(pid: number): boolean {
	try {
		const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
		return state !== '' && !state.startsWith('Z');
	} catch (error) {
		if ((error as { status?: number }).status === 1) return false;
		throw error;
	}
}
