/** Reads what Linux says of running processes: identity, family, CPU time and peak memory. Empty answers where there is no /proc. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
	readonly pid: number;
	readonly parentPid: number;
	/** Clock ticks between boot and its start. */
	readonly startTicks: number;
	readonly command: string;
}

/** CPU seconds used so far, the resident set now and the largest so far. */
export interface ProcessUsage {
	readonly cpuS: number;
	readonly residentBytes: number;
	readonly peakBytes: number;
}

/** Linux reports times in ticks of 10 ms on every platform that Node runs on. */
const TICKS_PER_S = 100;

/** The process behind `pid`, or undefined when it is gone or only its entry is left (zombie). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
	const stat = readProc(pid, 'stat');
	if (stat === undefined) return undefined;
	const fields = statFields(stat);
	if (fields[0] === 'Z') return undefined;
	const command = (readProc(pid, 'cmdline') ?? '').replaceAll('\0', ' ').trim();
	return { pid, parentPid: Number(fields[1]), startTicks: Number(fields[19]), command };
}

/** True while exactly this process (not a later one with its number) runs. */
export function isRunning(process: ProcessIdentity): boolean {
	return identifyProcess(process.pid)?.startTicks === process.startTicks;
}

/** Every process that runs now. */
export function listProcesses(): ProcessIdentity[] {
	return listPids().flatMap((pid) => identifyProcess(pid) ?? []);
}

/** `rootPid` and everything below it. */
export function processFamily(rootPid: number): ProcessIdentity[] {
	const all = listProcesses();
	const family = all.filter((process) => process.pid === rootPid);
	for (const member of family) family.push(...all.filter((process) => process.parentPid === member.pid));
	return family;
}

/** Processes whose working directory, command line or environment names `path`: orphans of a stack whose home it is. */
export function processesNaming(path: string): ProcessIdentity[] {
	return listProcesses().filter((process) => process.pid !== globalThis.process.pid && names(process, path));
}

function names(process: ProcessIdentity, path: string): boolean {
	if (process.command.includes(path)) return true;
	if (readProc(process.pid, 'environ')?.includes(path) === true) return true;
	try {
		return `${readlinkSync(`/proc/${process.pid}/cwd`)}/`.startsWith(`${path}/`);
	} catch {
		return false;
	}
}

/** What the process has used, or undefined when it is gone. */
export function measureProcess(pid: number): ProcessUsage | undefined {
	const stat = readProc(pid, 'stat');
	const status = readProc(pid, 'status');
	if (stat === undefined || status === undefined) return undefined;
	const fields = statFields(stat);
	const bytesOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? '0') * 1024;
	return { cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S, residentBytes: bytesOf('VmRSS'), peakBytes: bytesOf('VmHWM') };
}

/** Lets the process's peak start anew at what it holds now. False where the system does not allow it: the peak stays that since its start. */
export function forgetPeak(pid: number): boolean {
	try {
		writeFileSync(`/proc/${pid}/clear_refs`, '5');
		return true;
	} catch {
		return false;
	}
}

/** One variable of the environment that the process was started with. */
export function environmentOf(pid: number, name: string): string | undefined {
	const entry = (readProc(pid, 'environ') ?? '').split('\0').find((line) => line.startsWith(`${name}=`));
	return entry?.slice(name.length + 1);
}

function listPids(): number[] {
	try {
		return readdirSync('/proc')
			.filter((name) => /^\d+$/.test(name))
			.map(Number);
	} catch {
		return [];
	}
}

/** Fields behind the command name, which may itself hold spaces and brackets: state, parent, … */
function statFields(stat: string): string[] {
	return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(pid: number, file: string): string | undefined {
	try {
		return readFileSync(`/proc/${pid}/${file}`, 'utf8');
	} catch {
		return undefined; // The process ended, or this is no Linux.
	}
}
