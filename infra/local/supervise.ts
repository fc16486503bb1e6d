/** Keeps one child process of the stack running: starts it in its own process group, knows when it serves, restarts it when it dies, stops it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { openLogFile } from './log-file.ts';
import { signalGroup } from './process-identity.ts';

/** What to run. The environment is complete: nothing of the supervisor's own is added. */
export interface ChildSpec {
	/** For people: `broker eu-1`. */
	readonly name: string;
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly cwd: string;
	readonly logFile: string;
	/** The process gets a pipe as file descriptor 3 and may say there that it serves (workerd's `--control-fd`). */
	readonly hasControlPipe?: boolean;
	/** True for the line, of stdout, stderr or the control pipe, that says that the process serves. */
	readonly isReadyLine: (line: string) => boolean;
	/** SIGTERM to SIGKILL. */
	readonly stopGraceMs: number;
}

/** What a supervisor is told of its children. */
export interface ChildEvents {
	/** After each start and each end; `pid` undefined when it does not run. */
	onPid(name: string, pid: number | undefined): void;
	notice(line: string): void;
}

export interface Child {
	readonly spec: ChildSpec;
	pid(): number | undefined;
	/** Resolves when it serves for the first time; rejects when it died too often before that. */
	readonly ready: Promise<void>;
	/** Ends it and everything in its process group; it is not started again. */
	stop(): Promise<void>;
	/** Ends it at once. */
	kill(): void;
}

const BACK_OFF_MS = { first: 100, max: 5_000 } as const;
/** A process that lived this long starts its back-off afresh. */
const STEADY_AFTER_MS = 10_000;
const DEATHS_BEFORE_READY_MAX = 4;
const READY_WITHIN_MS = 30_000;
const LAST_LINES_KEPT = 12;

/** Starts `spec` and keeps it running until `stop`. */
export function supervise(spec: ChildSpec, events: ChildEvents): Child {
	return new SupervisedChild(spec, events);
}

class SupervisedChild implements Child {
	readonly spec: ChildSpec;
	readonly ready: Promise<void>;
	readonly #events: ChildEvents;
	readonly #log: ReturnType<typeof openLogFile>;
	readonly #lastLines: string[] = [];
	#process: ChildProcess | undefined;
	#startedAtMs = 0;
	#deaths = 0;
	#deathsInARow = 0;
	#wasReady = false;
	#stopping = false;
	#restart: NodeJS.Timeout | undefined;
	#settleReady: { resolve: () => void; reject: (error: Error) => void } = { resolve: () => undefined, reject: () => undefined };

	constructor(spec: ChildSpec, events: ChildEvents) {
		this.spec = spec;
		this.#events = events;
		this.#log = openLogFile(spec.logFile, (problem) => events.notice(problem));
		this.ready = new Promise((resolve, reject) => {
			this.#settleReady = { resolve, reject };
		});
		this.ready.catch(() => undefined); // Whoever awaits it sees the error; nobody awaiting is no crash.
		const late = setTimeout(() => this.#giveUp(`does not serve after ${READY_WITHIN_MS / 1_000} s`), READY_WITHIN_MS);
		this.ready.finally(() => clearTimeout(late)).catch(() => undefined);
		this.#start();
	}

	pid(): number | undefined {
		return this.#process?.pid;
	}

	async stop(): Promise<void> {
		this.#stopping = true;
		clearTimeout(this.#restart);
		const child = this.#process;
		const pid = child?.pid;
		if (child === undefined || pid === undefined) return;
		const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		signalGroup(pid, 'SIGTERM');
		const timer = setTimeout(() => {
			this.#events.notice(`${this.spec.name} did not stop within ${this.spec.stopGraceMs} ms, killing it`);
			signalGroup(pid, 'SIGKILL');
		}, this.spec.stopGraceMs);
		await ended;
		clearTimeout(timer);
	}

	kill(): void {
		this.#stopping = true;
		clearTimeout(this.#restart);
		const pid = this.pid();
		if (pid !== undefined) signalGroup(pid, 'SIGKILL');
	}

	#start(): void {
		const { command, args, env, cwd } = this.spec;
		this.#startedAtMs = performance.now();
		const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', ...(this.spec.hasControlPipe === true ? (['pipe'] as const) : [])] });
		this.#process = child;
		const readers: (() => void)[] = [];
		const stopReading = (): void => {
			for (const stop of readers) stop();
		};
		for (const stream of child.stdio.slice(1) as Readable[]) readers.push(this.#read(stream, stopReading));
		child.once('error', (error) => this.#ended(child, error.message));
		child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit ${code}`));
		child.once('close', () => {
			if (this.#stopping) this.#log.close();
		});
		if (child.pid !== undefined) this.#events.onPid(this.spec.name, child.pid);
	}

	/** Copies a stream to the log; looks at its lines only until the process serves. Returns what ends the looking. */
	#read(stream: Readable, onReady: () => void): () => void {
		stream.on('data', (chunk: Uint8Array) => this.#log.write(chunk));
		const lines = createInterface({ input: stream });
		lines.on('line', (line) => {
			this.#lastLines.push(line);
			if (this.#lastLines.length > LAST_LINES_KEPT) this.#lastLines.shift();
			if (!this.spec.isReadyLine(line)) return;
			onReady();
			if (this.#wasReady) this.#events.notice(`${this.spec.name} serves again`);
			this.#wasReady = true;
			this.#settleReady.resolve();
		});
		return () => {
			lines.close();
			stream.resume(); // Closing the line reader pauses the stream, and a full pipe would block the child.
		};
	}

	#ended(child: ChildProcess, how: string): void {
		if (this.#process !== child) return;
		this.#process = undefined;
		if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL'); // What the leader left behind in its group.
		this.#events.onPid(this.spec.name, undefined);
		if (this.#stopping) return;
		this.#deaths++;
		this.#deathsInARow = performance.now() - this.#startedAtMs >= STEADY_AFTER_MS ? 1 : this.#deathsInARow + 1;
		if (!this.#wasReady && this.#deathsInARow >= DEATHS_BEFORE_READY_MAX) {
			this.#giveUp(`ended ${this.#deathsInARow} times before it served (${how})`);
			return;
		}
		const delayMs = Math.min(BACK_OFF_MS.max, BACK_OFF_MS.first * 2 ** (this.#deathsInARow - 1));
		this.#events.notice(`${this.spec.name} ended (${how}), starting it again in ${delayMs} ms; ended ${this.#deaths} time${this.#deaths === 1 ? '' : 's'} so far`);
		this.#restart = setTimeout(() => this.#start(), delayMs);
	}

	#giveUp(what: string): void {
		if (this.#wasReady || this.#stopping) return;
		this.#settleReady.reject(new Error(`${this.spec.name} ${what}. Its last words (all of them: ${this.spec.logFile}):\n  ${this.#lastLines.join('\n  ') || '(none)'}`));
	}
}
