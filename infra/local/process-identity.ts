/** Tells a process from a later one with the same number, and sees which ones run: `/proc` where there is one, else `ps`. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A process id with its start time as the system writes it. */
export interface ProcessIdentity {
	readonly pid: number;
	readonly startedAt: string;
}

/** The identity behind `pid`, or undefined when nothing (or only a zombie) has that number. */
export function identify(pid: number): ProcessIdentity | undefined {
	const startedAt = existsSync('/proc/self/stat') ? startOfProc(pid) : startByPs(pid);
	return startedAt === undefined ? undefined : { pid, startedAt };
}

/** True while exactly this process runs. */
export function isAlive(identity: ProcessIdentity): boolean {
	return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends `signal` to a process group (its leader's id); false when nothing of it is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
	try {
		process.kill(-pid, signal);
		return true;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ESRCH' || code === 'EPERM') return false; // EPERM: macOS says so of a group of zombies.
		throw error;
	}
}

/** Variables that only an agent and its workers carry with a path in their host's state directory (a shell that visits it has `PWD`). */
const MARKS: readonly string[] = ['TMPDIR', 'LONGSHORE_STATE_DIR'];

/**
 * Agents and workers whose state lies below `hostsDir`, found by their environment: also those whose agent was killed.
 * Empty where the system does not show environments.
 */
export function processesWithin(hostsDir: string): ProcessIdentity[] {
	if (!existsSync('/proc/self/environ')) return [];
	return readdirSync('/proc').flatMap((name) => {
		const pid = Number(name);
		if (!Number.isInteger(pid) || pid === process.pid || !carriesMark(pid, hostsDir)) return [];
		return identify(pid) ?? [];
	});
}

function carriesMark(pid: number, hostsDir: string): boolean {
	try {
		const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
		return variables.some((variable) => MARKS.some((mark) => variable.startsWith(`${mark}=${hostsDir}/`)));
	} catch {
		return false; // Ended meanwhile, or another user's.
	}
}

/** Field 22 of `/proc/<pid>/stat`, counted behind the command name, which may itself hold spaces and brackets. */
function startOfProc(pid: number): string | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
		return fields[0] === 'Z' ? undefined : fields[19];
	} catch {
		return undefined;
	}
}

function startByPs(pid: number): string | undefined {
	try {
		const [stat, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
			.trim()
			.split(/\s+/);
		return stat === undefined || stat === '' || stat.startsWith('Z') ? undefined : started.join(' ');
	} catch {
		return undefined; // ps exits with 1 when there is no such process.
	}
}
