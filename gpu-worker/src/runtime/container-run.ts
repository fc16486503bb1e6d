/** A container that was made: started with its output on the way to the log, watched to its end, and removed. */
import { constants } from 'node:os';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { tellsNoProgram } from '../core/init-words.ts';
import { tellsOutOfMemory } from '../core/kernel-log.ts';
import type { Log } from '../log.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import { messageOf, statusOf } from './container-engine.ts';
import { containerStillness, killContainer } from './container-stillness.ts';
import { type DiskBound, watchDisk } from './disk-watch.ts';
import { readKernelLog } from './kernel-log.ts';
import type { RunningWorker, Stillness, WorkerExit } from './runtime.ts';

const OUT_OF_MEMORY = 'out of memory: it needed more than its share of this host';
/** Its last words may still be on the way when it is gone. */
const LAST_WORDS_MS = 500;
const LAST_WORDS_CHARS = 1_000;
const ENGINE_RETRY_MS = 1_000;
/** Shells, engines and their first processes tell a signal by this much above its number. */
const SIGNAL_CODE = 128;

export interface ContainerRun {
	readonly workerLog: WorkerLog;
	/** Its disk, where this agent must hold it to that; null: somebody else does. */
	readonly disk: DiskBound | null;
	/** What it runs, where a first process of the engine's runs that: it cannot be started, and yet the container can. Null: the image or the engine tells. */
	readonly program: string | null;
	/** Sees what the worker writes, as it comes. */
	written(text: string): void;
}

/** Starts the container. Throws what the engine throws. */
export async function runContainer(engine: Docker, container: Docker.Container, { workerLog, disk, program, written }: ContainerRun, log: Log): Promise<RunningWorker> {
	// Attached before it starts, so that no line is missed.
	const output = await container.attach({ stream: true, stdout: true, stderr: true });
	const ended = new Promise<void>((resolve) => output.once('end', resolve).once('close', resolve).once('error', resolve));
	engine.modem.demuxStream(output, lineSink(workerLog, 'stdout', written), lineSink(workerLog, 'stderr', written));
	await container.start();
	// A worker may be gone before it was looked at; the watch tells how.
	const pid = await container.inspect().then(
		({ State }) => State.Pid,
		() => 0,
	);
	let gone = false;
	let killed = false;
	let held = false;
	const still = containerStillness(container, pid);
	const stillness: Stillness = {
		...still,
		async hold() {
			held = true;
			await still.hold();
		},
		async release() {
			await still.release();
			held = false;
		},
	};
	const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
		if (gone) return;
		killed ||= name === 'SIGKILL';
		const sent = name === 'SIGKILL' ? killContainer(container, held) : container.kill({ signal: name });
		sent.catch((error: unknown) => {
			// 404 and 409: it has ended meanwhile.
			if (![404, 409].includes(statusOf(error) ?? 0)) log.warn('the container engine did not take a signal', { containerId: container.id, name, error: messageOf(error) });
		});
	};
	let diskFull: string | null = null;
	const unwatchDisk =
		disk === null
			? () => {}
			: watchDisk(container, disk, log, (bytes) => {
					diskFull = `its container disk of ${disk.diskGb} GB is full: it wrote ${(bytes / 1e9).toFixed(1)} GB`;
					signal('SIGKILL');
				});
	const watch = async (): Promise<WorkerExit> => {
		const exit = await untilEnded(container, log);
		gone = true;
		unwatchDisk();
		const atMs = performance.now();
		const unexplained = exit.signal === 'SIGKILL' && exit.cause === undefined && !killed;
		const outOfMemory = unexplained && tellsOutOfMemory((await readKernelLog()) ?? '', container.id);
		await Promise.race([ended, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
		(output as NodeJS.ReadWriteStream & { destroy(): void }).destroy();
		await removeContainer(container, log);
		const noProgram = program !== null && exit.code !== 0 && tellsNoProgram(workerLog.tail(LAST_WORDS_CHARS));
		const cause = diskFull ?? (outOfMemory ? OUT_OF_MEMORY : noProgram ? `its start command cannot be run: ${program}` : null);
		return { ...exit, ...(cause === null ? {} : { cause }), agoMs: performance.now() - atMs };
	};
	return { pid, exited: watch(), terminate: () => signal('SIGTERM'), kill: () => signal('SIGKILL'), ...(pid === 0 ? {} : { stillness }) };
}

/** Ends and removes a container with its anonymous volumes. One that is gone already is fine. */
export async function removeContainer(container: Docker.Container, log: Log): Promise<void> {
	try {
		await container.remove({ force: true, v: true });
	} catch (error) {
		if (statusOf(error) !== 404) log.warn('the container engine did not remove a container', { containerId: container.id, error: messageOf(error) });
	}
}

/** An engine that is restarted breaks the wait, not the container. */
async function untilEnded(container: Docker.Container, log: Log): Promise<WorkerExit> {
	for (;;) {
		try {
			await container.wait();
			return exitOf((await container.inspect()).State);
		} catch (error) {
			if (statusOf(error) === 404) return { code: null, signal: null, cause: 'its container was removed by somebody else' };
			log.warn('the container engine does not answer; waiting for it', { containerId: container.id, error: messageOf(error) });
			await sleep(ENGINE_RETRY_MS, undefined, { ref: false });
		}
	}
}

/** Not every engine tells the end of memory: then the kernel's log does. */
function exitOf(state: { readonly ExitCode: number; readonly OOMKilled: boolean; readonly Error?: string }): WorkerExit {
	const { ExitCode: code, OOMKilled, Error: said } = state;
	const signal = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_CODE)?.[0] ?? null;
	const cause = OOMKilled ? OUT_OF_MEMORY : said === undefined || said === '' ? undefined : said.slice(0, 300);
	return { ...(signal === null ? { code, signal } : { code: null, signal }), ...(cause === undefined || code === 0 ? {} : { cause }) };
}

/** Characters may be cut between two pieces. */
function lineSink(log: WorkerLog, stream: 'stdout' | 'stderr', written: (text: string) => void): Writable {
	const decoder = new TextDecoder();
	return new Writable({
		write(piece: Buffer, _encoding, done) {
			const text = decoder.decode(piece, { stream: true });
			log.write(stream, text);
			written(text);
			done();
		},
	});
}
