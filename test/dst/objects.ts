/** A simulated Durable Object platform: one instance an id, calls through stubs, commits behind an output gate, one alarm, and every way to die. */
import { Actor, type Kernel, type Timer } from './kernel.ts';
import { SqlStore } from './sql-store.ts';

/** A thrown alarm is tried again so often, and then forgotten. */
const ALARM_RETRIES_MAX = 6;
const ALARM_RETRY_MS = 2_000;
/** Even an overdue alarm takes a moment. */
const ALARM_MS_MIN = 0.5;
const HOP_MS_MIN = 0.05;
const HOP_MS_SPREAD = 0.4;

type Instance = Record<string, unknown> & { alarm?: () => unknown };
export type ObjectClass = new (ctx: unknown, env: unknown) => Instance;
/** A stub: every method is a call to the object. */
export type Stub = Record<string, (...args: unknown[]) => Promise<unknown>>;

export interface Platform {
	readonly kernel: Kernel;
	/** The process that all objects live in. */
	readonly process: Actor;
	readonly env: () => object;
	/** How late alarms are, and how long a commit takes. Milliseconds. */
	alarmLateMs(): number;
	commitMs(): number;
	/** Observers of calls: what `before` returns comes back to `after`, which may add to the answer. */
	readonly before: (cell: DurableCell, method: string, args: readonly unknown[]) => unknown;
	readonly after: (cell: DurableCell, method: string, args: readonly unknown[], value: unknown, before: unknown) => unknown;
}

/** One object: its disk outlives its instance. */
export class DurableCell {
	readonly id: string;
	readonly actor: Actor;
	readonly sql: SqlStore;
	readonly #platform: Platform;
	readonly #make: ObjectClass;
	readonly #gate: (() => void)[] = [];
	readonly #undo: (() => void)[] = [];
	/** Of calls under way: they hear of this object's death. */
	readonly #callers = new Set<(error: unknown) => void>();
	#instance: Instance | null = null;
	#ready: Promise<unknown> = Promise.resolve();
	#commit: Timer | null = null;
	/** As set, and as of the last commit. Epoch milliseconds. */
	#alarmAt: number | null = null;
	#storedAlarmAt: number | null = null;
	#alarm: Timer | null = null;
	#alarmTries = 0;

	constructor(id: string, make: ObjectClass, platform: Platform) {
		this.id = id;
		this.actor = new Actor(id);
		this.#make = make;
		this.#platform = platform;
		this.sql = new SqlStore(() => this.#written());
	}

	/** Runs a method; the answer leaves when all that it may tell of is on disk. To be called as an event of this object. */
	async call(method: string, args: unknown[], done: (value: unknown) => void, failed: (error: unknown) => void): Promise<void> {
		this.#callers.add(failed);
		const end = (run: () => void): void => this.afterCommit(() => void (this.#callers.delete(failed) && run()));
		try {
			const instance = await this.#open();
			const { before, after } = this.#platform;
			const looked = before(this, method, args);
			const given = (instance[method] as (...args: unknown[]) => unknown)(...args);
			const value = after(this, method, args, given instanceof Promise ? await given : given, looked);
			end(() => done(value));
		} catch (error) {
			end(() => failed(error));
		}
	}

	/** To be undone when what this turn wrote is lost before its commit. */
	ifLost(undo: () => void): void {
		if (this.sql.isDirty) this.#undo.push(undo);
	}

	/** The output gate: at once when nothing is unwritten. */
	afterCommit(run: () => void): void {
		if (this.sql.isDirty) this.#gate.push(run);
		else run();
	}

	/** The instance is gone with its memory; what was not committed too. */
	die(): void {
		this.actor.die();
		this.actor.up = true;
		this.#instance = null;
		this.#ready = Promise.resolve();
		this.#gate.length = 0;
		for (const undo of this.#undo.splice(0)) undo();
		this.#commit = null;
		this.sql.rollback();
		this.#alarmAt = this.#storedAlarmAt;
		this.#setTimer();
		const callers = [...this.#callers];
		this.#callers.clear();
		for (const failed of callers) failed(new Error('the object was reset'));
	}

	/** The platform loses the alarm, as it did in releases before 2026. */
	loseAlarm(): void {
		this.#alarmAt = this.#storedAlarmAt = null;
		this.#setTimer();
	}

	get alarmAt(): number | null {
		return this.#alarmAt;
	}

	/** The live instance, for looks from outside that no client could take. */
	get instance(): Instance | null {
		return this.#instance;
	}

	async #open(): Promise<Instance> {
		if (this.#instance === null) {
			const state = this.#state();
			this.#instance = new this.#make(state, this.#platform.env());
		}
		const instance = this.#instance;
		await this.#ready;
		return instance;
	}

	#state(): object {
		const { kernel } = this.#platform;
		const storage = {
			sql: this.sql,
			transactionSync: <T>(body: () => T): T => this.sql.transactionSync(body),
			setAlarm: async (at: number): Promise<void> => this.#setAlarm(Number(at)),
			getAlarm: async () => this.#alarmAt,
			deleteAlarm: async (): Promise<void> => this.#setAlarm(null),
			deleteAll: async (): Promise<void> => {
				this.sql.clear();
				this.#storedAlarmAt = null;
				this.#setAlarm(null);
			},
			sync: () => new Promise<void>((resolve) => this.afterCommit(resolve)),
		};
		return {
			storage,
			id: { toString: () => this.id },
			waitUntil: (promise: Promise<unknown>) => void promise.catch(() => undefined),
			blockConcurrencyWhile: (body: () => Promise<unknown>) => {
				this.#ready = body();
				return this.#ready;
			},
			abort: () => void kernel.plan(this.actor, 0, () => this.die()),
		};
	}

	#written(): void {
		if (this.#commit !== null) return;
		this.#commit = this.#platform.kernel.plan(this.actor, this.#platform.commitMs(), () => {
			this.#commit = null;
			this.sql.commit();
			this.#storedAlarmAt = this.#alarmAt;
			this.#undo.length = 0;
			for (const run of this.#gate.splice(0)) run();
		});
	}

	#setAlarm(at: number | null): void {
		this.#alarmAt = at;
		this.#alarmTries = 0;
		if (this.sql.isDirty) this.#written();
		else this.#storedAlarmAt = at;
		this.#setTimer();
	}

	#setTimer(): void {
		const { kernel, process } = this.#platform;
		this.#alarm?.cancel();
		this.#alarm = null;
		if (this.#alarmAt === null || !process.up) return;
		this.#alarm = kernel.plan(this.actor, Math.max(0, this.#alarmAt - kernel.now) + ALARM_MS_MIN + this.#platform.alarmLateMs(), () => void this.#ring());
	}

	async #ring(): Promise<void> {
		const { kernel } = this.#platform;
		this.#alarmAt = this.#storedAlarmAt = null;
		const tries = this.#alarmTries;
		try {
			const instance = await this.#open();
			await instance.alarm?.();
			this.#alarmTries = 0;
		} catch {
			if (tries >= ALARM_RETRIES_MAX) return;
			this.#setAlarm(kernel.now + ALARM_RETRY_MS * 2 ** tries);
			this.#alarmTries = tries + 1;
		}
	}

	/** The process is there again: alarms are what wakes an object that nobody calls. */
	revive(): void {
		this.#setTimer();
	}
}

/** All objects of the edge's process, by class. */
export class ObjectPlatform {
	readonly cells = new Map<string, DurableCell>();
	readonly #platform: Platform;

	constructor(platform: Platform) {
		this.#platform = platform;
	}

	/** A binding: `getByName` gives a stub. Calls come from whoever runs. */
	namespace(kind: string, make: ObjectClass): { getByName(name: string): Stub } {
		return { getByName: (name) => this.#stub(this.cell(kind, name, make)) };
	}

	cell(kind: string, name: string, make: ObjectClass): DurableCell {
		const id = `${kind}/${name}`;
		let cell = this.cells.get(id);
		if (cell === undefined) {
			cell = new DurableCell(id, make, this.#platform);
			this.cells.set(id, cell);
		}
		return cell;
	}

	die(): void {
		for (const cell of this.cells.values()) cell.die();
	}

	revive(): void {
		for (const cell of this.cells.values()) cell.revive();
	}

	#stub(cell: DurableCell): Stub {
		return new Proxy({} as Stub, {
			get: (_, method: string) => {
				if (method === 'then') return undefined;
				return (...args: unknown[]) => this.#send(cell, method, args);
			},
		});
	}

	#send(cell: DurableCell, method: string, args: unknown[]): Promise<unknown> {
		const { kernel } = this.#platform;
		const caller = kernel.current;
		const { life } = caller;
		const hop = (): number => HOP_MS_MIN + kernel.random('hops')() * HOP_MS_SPREAD;
		return new Promise((resolve, reject) => {
			const back = (run: () => void): void => void kernel.plan(caller, hop(), run, life);
			// What an object sends waits for its own unwritten changes.
			const send = (): void => {
				const failed = (error: unknown): void => back(() => reject(error as Error));
				kernel.plan(cell.actor, hop(), () => void cell.call(method, args, (value) => back(() => resolve(value)), failed));
			};
			const own = this.cells.get(caller.name);
			if (own === undefined) send();
			else own.afterCommit(send);
		});
	}
}
