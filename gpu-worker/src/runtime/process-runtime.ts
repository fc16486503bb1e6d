/** Runs workers as local processes (image `process:///absolute/directory`), each in its own process group with its own temporary directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import { type GroupRecord, isGroupAlive, recordGroup, signalGroup } from './process-group.ts';
import { groupStillness } from './process-stillness.ts';
import { type HostModel, type RunningWorker, type Runtime, type WorkerExit, WorkerStartError } from './runtime.ts';
import type { Watchdog } from './watchdog.ts';
import { keepsJobListIn, linkDirectory } from './work-dir.ts';

const SCHEME = 'process://';

export interface ProcessRuntimeOptions {
	readonly stateDir: string;
	readonly allowed: boolean;
	/** Ends workers when the agent cannot. */
	readonly watchdog: Pick<Watchdog, 'owner' | 'wake'>;
	readonly log: Log;
}

/** Where the records of living workers lie. */
export const workersDirOf = (stateDir: string): string => join(stateDir, 'workers');

/** `workers/<id>` below `stateDir` exists while a worker lives. */
export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
	const { watchdog } = options;
	const workersDir = workersDirOf(options.stateDir);
	mkdirSync(workersDir, { recursive: true, mode: 0o700 });
	return {
		cleanUp: () => cleanUp(workersDir, options.log),
		async start(start) {
			const directory = imageDirectory(start.spec.image, options.allowed);
			const [program, ...args] = [...(start.spec.entrypoint ?? []), ...start.spec.command];
			if (program === undefined) throw new WorkerStartError(`image ${start.spec.image} needs a start command: give one in args (or dockerStartCmd)`);
			const workerDir = join(workersDir, start.workerId);
			const tempDir = join(workerDir, 'tmp');
			mkdirSync(tempDir, { recursive: true, mode: 0o700 });
			const cwd = keepsJobListIn(directory) ? linkDirectory(directory, join(workerDir, 'cwd')) : directory;
			try {
				const { volume, model } = start;
				const files = { ...(volume === undefined ? {} : { volumePath: volume.path }), ...(model === undefined ? {} : { hubPath: ownHub(workerDir, model) }) };
				watchdog.wake();
				const child = await spawned(program, args, cwd, start.env({ tempDir, bridgeUrl: null, isHost: true, ownPorts: false, ...files }));
				return runningWorker(child, start.log, workerDir, watchdog.owner);
			} catch (error) {
				rmSync(workerDir, { recursive: true, force: true });
				throw error;
			}
		},
	};
}

function imageDirectory(image: string, allowed: boolean): string {
	if (!allowed) throw new WorkerStartError('this host does not allow process:// images: its operator may set LONGSHORE_ALLOW_PROCESS_WORKERS=1');
	const directory = image.slice(SCHEME.length);
	if (!directory.startsWith('/')) throw new WorkerStartError(`image ${image} must name an absolute directory: process:///absolute/directory`);
	if (!existsSync(directory) || !statSync(directory).isDirectory()) throw new WorkerStartError(`image ${image}: there is no such directory on this host`);
	return directory;
}

/** A hub directory of the worker's own, with a link to the one model that is its: what else it downloads goes with it. */
function ownHub(workerDir: string, model: HostModel): string {
	const hub = join(workerDir, 'hub');
	mkdirSync(hub, { recursive: true, mode: 0o700 });
	symlinkSync(model.path, join(hub, model.folder));
	return hub;
}

/** A new process group, so that a signal reaches everything that the worker starts. */
function spawned(program: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<ChildProcess> {
	const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
	return new Promise((resolve, reject) => {
		child.once('spawn', () => resolve(child));
		child.once('error', (error) => reject(new WorkerStartError(`cannot start "${program}": ${error.message}`)));
	});
}

function runningWorker(child: ChildProcess, log: WorkerLog, workerDir: string, owner: string): RunningWorker {
	const pid = child.pid as number;
	const record = recordGroup(pid);
	if (record !== null) {
		// Under its name only once it is whole: the agent may be killed at any moment.
		writeFileSync(join(workerDir, 'process.json.new'), JSON.stringify({ ...record, owner }));
		renameSync(join(workerDir, 'process.json.new'), join(workerDir, 'process.json'));
	}
	for (const stream of ['stdout', 'stderr'] as const) {
		child[stream]?.setEncoding('utf8').on('data', (text: string) => log.write(stream, text));
	}
	let alive = true;
	const exited = new Promise<WorkerExit>((resolve) => {
		child.once('exit', (code, signal) => {
			alive = false;
			const atMs = performance.now();
			// What the worker has started must not outlive it: it may hold the GPU.
			signalGroup(pid, 'SIGKILL');
			// Its last words are still in the pipe.
			const finish = (): void => {
				rmSync(workerDir, { recursive: true, force: true });
				resolve({ code, signal, agoMs: performance.now() - atMs });
			};
			const giveUp = setTimeout(() => {
				child.stdout?.destroy();
				child.stderr?.destroy();
			}, 500);
			child.once('close', () => {
				clearTimeout(giveUp);
				finish();
			});
		});
	});
	return {
		pid,
		exited,
		terminate: () => void (alive && signalGroup(pid, 'SIGTERM')),
		kill: () => void (alive && signalGroup(pid, 'SIGKILL')),
		stillness: groupStillness(pid),
	};
}

async function cleanUp(workersDir: string, log: Log): Promise<void> {
	for (const workerId of readdirSync(workersDir)) {
		const directory = join(workersDir, workerId);
		const recordFile = join(directory, 'process.json');
		if (existsSync(recordFile)) await endGroup(JSON.parse(readFileSync(recordFile, 'utf8')) as GroupRecord, workerId, log);
		rmSync(directory, { recursive: true, force: true });
	}
}

async function endGroup(record: GroupRecord, workerId: string, log: Log): Promise<void> {
	if (!isGroupAlive(record)) return;
	log.warn('ending a worker of an earlier agent', { workerId, pid: record.pid });
	while (isGroupAlive(record)) {
		signalGroup(record.pid, 'SIGKILL');
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
