/** A worker: takes jobs from the agent's bridge as RunPod's SDK does, runs what their input says, obeys stops or does not, and dies in many ways. */
import type { Attempt, StopPoll, Take, Worker } from '../../gpu-worker/src/agent/worker.ts';
import type { RunningWorker, WorkerExit, WorkerStart } from '../../gpu-worker/src/runtime/runtime.ts';
import { TAKE_HOLD_MS } from '../../shared-schema/src/limits.ts';
import type { HostMachine } from './host.ts';
import { Actor, type Kernel, type Timer } from './kernel.ts';

/** What a job's input tells its worker to do. */
export type JobKind = 'ok' | 'fail' | 'hang' | 'crash' | 'quit' | 'mute' | 'stream' | 'late';
export interface JobInput {
	readonly n: number;
	readonly kind: JobKind;
	readonly ms: number;
	/** A secret of the job's account, given back in its output. */
	readonly tag: string;
}

/** One execution, seen from outside the product. */
export interface Execution {
	readonly x: number;
	readonly jobId: string;
	readonly epoch: number;
	readonly input: JobInput;
	readonly worker: WorkerProcess;
	readonly startedAt: number;
	/** How often its owner had started the job anew by then. */
	readonly generation: number;
	endedAt: number | null;
}

/** Sees processes and executions as an observer at the machines would. */
export interface WorkerWitness {
	workerStarted(worker: WorkerProcess): void;
	workerEnded(worker: WorkerProcess): void;
	/** Returns its number. */
	began(jobId: string, epoch: number, input: JobInput, worker: WorkerProcess): Execution;
	ended(execution: Execution): void;
}

const LOCAL_MS = 0.2;
const STOP_OBEY_MS = 800;
const STUBBORN_SHARE = 0.1;
const DEAF_SHARE = 0.3;

export class WorkerProcess implements RunningWorker {
	readonly pid = 1;
	readonly actor: Actor;
	readonly id: string;
	readonly endpointId: string;
	readonly machine: HostMachine;
	readonly startedAt: number;
	readonly exited: Promise<WorkerExit>;
	isOver = false;
	readonly #kernel: Kernel;
	readonly #witness: WorkerWitness;
	readonly #random: () => number;
	readonly #agentLife: number;
	#exit: (exit: WorkerExit) => void = () => {};
	#running: { execution: Execution; timers: Timer[] } | null = null;
	#take: Take | null = null;

	constructor(machine: HostMachine, start: WorkerStart, kernel: Kernel, witness: WorkerWitness) {
		this.machine = machine;
		this.id = start.workerId;
		this.endpointId = start.endpointId;
		this.actor = new Actor(start.workerId);
		this.#kernel = kernel;
		this.#witness = witness;
		this.#random = kernel.random('workers');
		this.#agentLife = machine.actor.life;
		this.startedAt = kernel.now;
		this.exited = new Promise((resolve) => {
			this.#exit = resolve;
		});
		witness.workerStarted(this);
		kernel.plan(this.actor, 500 + 3_500 * this.#random(), () => {
			this.#openStops();
			this.#ask();
		});
	}

	terminate(): void {
		if (this.#random() >= DEAF_SHARE) this.#kernel.plan(this.actor, 50 + 900 * this.#random(), () => this.end({ code: 0, signal: null }));
	}

	kill(): void {
		this.#kernel.plan(this.actor, 10, () => this.end({ code: null, signal: 'SIGKILL' }));
	}

	/** The process is gone, now. */
	end(exit: WorkerExit): void {
		if (this.isOver) return;
		this.isOver = true;
		this.#leave();
		this.actor.die();
		this.machine.workers.delete(this.id);
		this.#witness.workerEnded(this);
		this.#agent(() => {
			const bridge = this.machine.bridge;
			if (this.#take !== null) bridge?.closeTake(this.#take);
			this.#exit(exit);
		});
	}

	get isRunning(): boolean {
		return this.#running !== null;
	}

	/** Does something at the agent that started this worker; nothing when that one is gone. */
	#agent(run: () => void): void {
		this.#kernel.plan(this.machine.actor, LOCAL_MS, run, this.#agentLife);
	}

	/** The worker's long poll for a job. */
	#ask(): void {
		this.#agent(() => {
			const bridge = this.machine.bridge;
			const record = bridge?.worker(this.id);
			if (bridge === null || bridge === undefined || record === undefined) return this.#later(200, () => this.#ask());
			bridge.heard(record, this.#running === null, true);
			if (this.#running !== null || this.isOver) return;
			const take = this.#newTake(record);
			this.#take = take;
			bridge.openTake(take);
		});
	}

	#newTake(record: Worker): Take {
		const close = (): boolean => {
			hold.cancel();
			const isOpen = this.#take === take;
			if (isOpen) this.#take = null;
			if (isOpen) this.machine.bridge?.closeTake(take);
			return isOpen;
		};
		const release = (): void => {
			if (close()) this.#later(10 + 40 * this.#random(), () => this.#ask());
		};
		const take: Take = {
			worker: record,
			room: 1,
			openedAtMs: performance.now(),
			deliver: (payloads, done) => {
				close();
				const attempts = [...record.jobs.values()].filter(({ state }) => state === 'handing');
				if (this.isOver) return void this.#agent(() => done(false));
				this.#later(LOCAL_MS, () => this.#begin(payloads[0] as Uint8Array, attempts));
				this.#agent(() => done(!this.isOver));
			},
			release,
		};
		const hold = this.#kernel.plan(this.machine.actor, TAKE_HOLD_MS, release);
		return take;
	}

	#begin(payload: Uint8Array, attempts: readonly Attempt[]): void {
		const { id, input } = JSON.parse(new TextDecoder().decode(payload)) as { id: string; input: JobInput };
		const attempt = attempts.find(({ job }) => job.id === id);
		if (attempt === undefined) return this.#ask();
		const execution = this.#witness.began(id, attempt.job.epoch, input, this);
		const running = { execution, timers: [] as Timer[] };
		this.#running = running;
		const at = (ms: number, run: () => void): void => void running.timers.push(this.#kernel.plan(this.actor, ms, run));
		const { kind, ms } = input;
		if (kind === 'crash') at(ms / 2, () => this.end({ code: 1, signal: null }));
		else if (kind === 'quit') at(ms, () => this.end({ code: 0, signal: null }));
		else if (kind === 'mute') at(ms, () => this.#leaveAndAsk());
		else if (kind !== 'hang') at(ms, () => this.#finish(attempt, execution));
		if (kind === 'stream') for (let i = 1; i < 5; i++) at((ms * i) / 6, () => this.#agent(() => this.machine.bridge?.chunk(attempt, Buffer.from(`{"chunk":${i}}`))));
	}

	#finish(attempt: Attempt, { input, x }: Execution): void {
		const output = input.kind === 'fail' ? null : Buffer.from(JSON.stringify({ n: input.n, tag: input.tag, x }));
		this.#agent(() => {
			const bridge = this.machine.bridge;
			const record = bridge?.worker(this.id);
			if (record === undefined || bridge?.standing(record, attempt.job.id).kind !== 'running') return;
			bridge.finish(record, attempt, { output, error: input.kind === 'fail' ? 'the handler failed' : null });
			// A progress update that its result has overtaken: SDKs send them on a thread of their own.
			if (input.kind === 'late') bridge.progress(attempt, Buffer.from('{"late":true}'));
		});
		this.#leaveAndAsk();
	}

	#openStops(): void {
		this.#agent(() => {
			const bridge = this.machine.bridge;
			const record = bridge?.worker(this.id);
			if (bridge === null || bridge === undefined || record === undefined) return this.#later(200, () => this.#openStops());
			const again = (): void => this.#later(50, () => this.#openStops());
			const poll: StopPoll = {
				worker: record,
				deliver: (jobIds, done) => {
					this.#later(LOCAL_MS, () => this.#stop(jobIds));
					this.#agent(() => done(!this.isOver));
					again();
				},
				release: () => {
					bridge.closeStopPoll(poll);
					again();
				},
			};
			bridge.openStopPoll(poll);
		});
	}

	#stop(jobIds: readonly string[]): void {
		const jobId = this.#running?.execution.jobId;
		if (jobId === undefined || !jobIds.includes(jobId) || this.#random() < STUBBORN_SHARE) return;
		this.#later(STOP_OBEY_MS * this.#random(), () => {
			if (this.#running?.execution.jobId !== jobId) return;
			this.#leave();
			this.#agent(() => {
				const record = this.machine.bridge?.worker(this.id);
				if (record !== undefined) this.machine.bridge?.stopped(record, jobId);
			});
			this.#ask();
		});
	}

	#leaveAndAsk(): void {
		this.#leave();
		this.#later(5 + 30 * this.#random(), () => this.#ask());
	}

	#leave(): void {
		if (this.#running === null) return;
		for (const timer of this.#running.timers) timer.cancel();
		this.#witness.ended(this.#running.execution);
		this.#running = null;
	}

	#later(ms: number, run: () => void): void {
		if (!this.isOver) this.#kernel.plan(this.actor, ms, run);
	}
}
