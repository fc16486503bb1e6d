/** One supervisor a home: holds the lock, records which processes it started, and ends those that a killed supervisor left behind. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isAlive, type ProcessIdentity, processesWithin, signalGroup } from './process-identity.ts';
import { readState, writeState } from './state-file.ts';

/** A process group that the stack started: its leader. */
interface Recorded extends ProcessIdentity {
	readonly name: string;
}

interface Register {
	readonly supervisor: ProcessIdentity;
	readonly children: readonly Recorded[];
}

const LEFTOVER_GRACE_MS = 6_000;
const LOOK_AGAIN_MS = 50;

/** The register of a home's processes. */
export interface HomeLock {
	started(name: string, pid: number): void;
	ended(name: string): void;
	/** Processes of earlier children or of their workers that still run. */
	survivors(): ProcessIdentity[];
}

/**
 * Takes the home. Throws when another supervisor runs on it; ends what a dead one left. `hostsDir` is the directory below which
 * every agent's state directory lies: workers carry such a path in their environment.
 */
export async function takeHome(home: string, hostsDir: string, notice: (line: string) => void): Promise<HomeLock> {
	mkdirSync(home, { recursive: true, mode: 0o700 });
	const file = join(home, 'processes.json');
	const old = readState<Register>(file);
	if (old !== undefined && isAlive(old.supervisor)) {
		throw new Error(`${home} is in use by the stack of process ${old.supervisor.pid}; stop that one, or choose another LONGSHORE_HOME (and PORT)`);
	}
	const self = identify(process.pid);
	if (self === undefined) throw new Error('this system does not tell when a process was started; neither /proc nor ps answered');
	writeState(file, { supervisor: self, children: old?.children ?? [] } satisfies Register);
	await endLeftovers(old?.children ?? [], hostsDir, notice);
	return openRegister(file, self, hostsDir, notice);
}

function openRegister(file: string, supervisor: ProcessIdentity, hostsDir: string, notice: (line: string) => void): HomeLock {
	const running = new Map<string, Recorded>();
	const everStarted: ProcessIdentity[] = [];
	const save = (): void => {
		try {
			writeState(file, { supervisor, children: [...running.values()] } satisfies Register);
		} catch (error) {
			// A full disk or a removed home must not end the supervision of what runs.
			notice(`Could not record the stack's processes, so a later start could not clean up after a kill: ${(error as Error).message}`);
		}
	};
	return {
		started(name, pid) {
			const identity = identify(pid);
			if (identity === undefined) return; // Dead already: the supervisor hears of it next.
			running.set(name, { ...identity, name });
			everStarted.push(identity);
			save();
		},
		ended(name) {
			if (running.delete(name)) save();
		},
		survivors: () => [...everStarted.filter(isAlive), ...processesWithin(hostsDir)],
	};
}

/** SIGTERM to all, a few seconds, SIGKILL: the agents among them end their own workers; workers of dead agents are found by their environment. */
async function endLeftovers(recorded: readonly Recorded[], hostsDir: string, notice: (line: string) => void): Promise<void> {
	const left = recorded.filter(isAlive);
	const orphans = processesWithin(hostsDir).filter((orphan) => !left.some((one) => one.pid === orphan.pid));
	if (left.length + orphans.length === 0) return;
	notice(`Ending ${left.length + orphans.length} process(es) that an earlier stack in this home left behind`);
	await endProcesses([...left, ...orphans]);
	// An agent's own workers were not orphans while it lived.
	await endProcesses(processesWithin(hostsDir));
}

/** Ends each process with its group. Polls, because these are not our children and the system sends no word of their end. */
export async function endProcesses(all: readonly ProcessIdentity[]): Promise<void> {
	for (const one of all) end(one, 'SIGTERM');
	const deadline = performance.now() + LEFTOVER_GRACE_MS;
	while (all.some(isAlive) && performance.now() < deadline) await delay(LOOK_AGAIN_MS);
	for (const one of all) end(one, 'SIGKILL');
	while (all.some(isAlive)) await delay(LOOK_AGAIN_MS);
}

function end(one: ProcessIdentity, signal: NodeJS.Signals): void {
	if (!isAlive(one)) return;
	if (!signalGroup(one.pid, signal)) process.kill(one.pid, signal); // Not a group leader: a worker's child.
}
