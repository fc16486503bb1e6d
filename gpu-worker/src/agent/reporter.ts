/**
 * Reports what happens to attempts: gathers events into messages, sends one message at a time so that their order holds, and
 * keeps every event until the edge's verdict on it comes back. A message goes the short way, through a broker to the edge and back;
 * when that fails it is stored in the region's stream, and so is all that follows until the stream has brought its verdicts.
 */
import { REPORT_ANSWER_MS } from '@longshore/shared-schema/limits';
import { reportReply, verdictMessage } from '@longshore/shared-schema/wire/bus';
import { encodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import { reportSubject, storeSubject, verdictSubject } from '@longshore/shared-schema/wire/subjects';
import { type Bus, BusError } from '../bus/bus.ts';
import { backoffMs } from '../core/backoff.ts';
import { countForMessage } from '../core/event-batch.ts';
import { type OrderedEvent, readyEvents } from '../core/in-order.ts';
import type { Log } from '../log.ts';
import type { Clock } from './clock.ts';
import { attemptKey } from './worker.ts';

type WithoutAge<T> = T extends unknown ? Omit<T, 'agoMs'> : never;
/** An event as it is kept: its age is worked out anew whenever it is sent. */
export type ReportedEvent = WithoutAge<JobEvent>;
export type ResultEvent = Extract<ReportedEvent, { kind: 'result' }>;

/** A started event waits this long for a result that makes it needless. */
const STARTED_LINGER_MS = 20;
/** With this many events without a verdict the host is busy … */
const CROWD_EVENTS = 3;
/** … and events gather, half a millisecond for each of those within these bounds: they cost every room behind by the message. */
const GATHER_MS_MIN = 4;
const GATHER_MS_MAX = 16;
/** As many leave at once. */
const GATHER_EVENTS = 16;
/** About what an event takes in a message's head besides texts of unknown length. Bytes. */
const HEAD_BYTES = 320;

interface Pending extends OrderedEvent {
	readonly event: ReportedEvent;
	readonly frame: Uint8Array | null;
	readonly atMs: number;
	readonly headBytes: number;
	readonly frameBytes: number;
	settled: boolean;
}

interface Batch {
	readonly events: readonly Pending[];
	sentAtMs: number;
	repeated: boolean;
	/** It went the long way. */
	stored: boolean;
}

export interface ReporterOptions {
	readonly bus: Bus;
	readonly clock: Clock;
	readonly log: Log;
	readonly hostId: string;
	readonly hostBoot: string;
	readonly retryMs: number;
	/** Called once for each event, with those of one message together; `upload` may be answered by reporting the event again. */
	onVerdicts(settled: readonly { readonly event: ReportedEvent; readonly verdict: Verdict }[]): void;
}

export interface Reporter {
	/** `atMs` (monotonic): when it happened. */
	report(event: ReportedEvent, frame: Uint8Array | null, atMs: number): void;
	/** Bytes of events without a verdict. */
	heldBytes(): number;
	/** Events without a verdict. */
	held(): number;
	/** Attempts, `<job>.<epoch>`, of events without a verdict. */
	owed(): ReadonlySet<string>;
	/** Resolves when everything reported so far is in the stream, or after `limitMs`. */
	flushed(limitMs: number): Promise<void>;
	close(): void;
}

/** Starts reporting; events wait while the bus is away. */
export function createReporter(options: ReporterOptions): Reporter {
	return new EventReporter(options);
}

class EventReporter implements Reporter {
	readonly #options: ReporterOptions;
	readonly #encoder = new TextEncoder();
	readonly #decoder = new TextDecoder();
	/** Started events that a result may still make needless, oldest first. */
	readonly #lingering = new Map<string, Pending>();
	readonly #batches = new Map<number, Batch>();
	readonly #repeatTimer: NodeJS.Timeout;
	#queue: Pending[] = [];
	#order = 0;
	#batchNumber = 0;
	/** Messages on the long way without their verdicts. */
	#inStream = 0;
	#heldBytes = 0;
	#held = 0;
	#sending = false;
	#gathering: NodeJS.Timeout | null = null;
	#scheduled = false;
	#closed = false;
	#lingerTimer: NodeJS.Timeout | null = null;

	constructor(options: ReporterOptions) {
		this.#options = options;
		this.#repeatTimer = setInterval(() => this.#repeatSilent(), Math.max(50, options.retryMs / 4));
		options.bus.subscribe(verdictSubject(options.hostId), (data) => {
			const message = verdictMessage.safeParse(JSON.parse(this.#decoder.decode(data)));
			if (!message.success) options.log.error('a verdict message is malformed', { error: message.error.message });
			else if (message.data.hostBoot === options.hostBoot) this.#settle(message.data.batch, message.data.verdicts);
		});
	}

	report(event: ReportedEvent, frame: Uint8Array | null, atMs: number): void {
		const key = attemptKey(event.id, event.epoch);
		const pending: Pending = {
			attempt: key,
			order: ++this.#order,
			kind: event.kind,
			event,
			frame,
			atMs,
			headBytes: HEAD_BYTES + 2 * textLength(event),
			frameBytes: frame?.length ?? 0,
			settled: false,
		};
		this.#hold(pending, 1);
		if (event.kind === 'started') {
			this.#lingering.set(key, pending);
			this.#lingerTimer ??= setTimeout(() => this.#endLinger(), STARTED_LINGER_MS);
			return;
		}
		const started = this.#lingering.get(key);
		if (started !== undefined) {
			this.#lingering.delete(key);
			if (event.kind === 'result') this.#hold(started, -1);
			else this.#queue.push(started);
		}
		this.#queue.push(pending);
		this.#schedule();
	}

	heldBytes(): number {
		return this.#heldBytes;
	}

	held(): number {
		return this.#held;
	}

	owed(): ReadonlySet<string> {
		const open = [...this.#lingering.values(), ...this.#queue, ...[...this.#batches.values()].flatMap(({ events }) => events)];
		return new Set(open.filter(({ settled }) => !settled).map(({ event }) => attemptKey(event.id, event.epoch)));
	}

	async flushed(limitMs: number): Promise<void> {
		const { clock } = this.#options;
		const untilMs = clock.nowMs() + limitMs;
		while ((this.#queue.length > 0 || this.#lingering.size > 0 || this.#sending || this.#scheduled) && clock.nowMs() < untilMs)
			await new Promise((resolve) => setTimeout(resolve, 5));
	}

	close(): void {
		this.#closed = true;
		clearInterval(this.#repeatTimer);
		if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
	}

	#hold(pending: Pending, sign: 1 | -1): void {
		this.#held += sign;
		this.#heldBytes += sign * (pending.headBytes + pending.frameBytes);
	}

	#schedule(): void {
		if (this.#gathering !== null && this.#queue.length >= GATHER_EVENTS) this.#sendNow();
		if (this.#scheduled || this.#sending || this.#closed) return;
		this.#scheduled = true;
		const send = (): void => {
			this.#gathering = null;
			this.#scheduled = false;
			void this.#sendAll();
		};
		const waitMs = this.#gatherMs();
		if (waitMs > 0) this.#gathering = setTimeout(send, waitMs);
		else setImmediate(send);
	}

	/** How long events gather before they leave: not at all while the host is quiet. */
	#gatherMs(): number {
		return this.#held < CROWD_EVENTS ? 0 : Math.min(GATHER_MS_MAX, Math.max(GATHER_MS_MIN, this.#held / 2));
	}

	#sendNow(): void {
		if (this.#gathering !== null) clearTimeout(this.#gathering);
		this.#gathering = null;
		this.#scheduled = false;
		void this.#sendAll();
	}

	#endLinger(): void {
		this.#lingerTimer = null;
		const dueMs = this.#options.clock.nowMs() - STARTED_LINGER_MS + 1;
		for (const [key, pending] of this.#lingering) {
			if (pending.atMs > dueMs) {
				this.#lingerTimer = setTimeout(() => this.#endLinger(), pending.atMs - dueMs);
				break;
			}
			this.#lingering.delete(key);
			this.#queue.push(pending);
		}
		if (this.#queue.length > 0) this.#schedule();
	}

	async #sendAll(): Promise<void> {
		if (this.#sending) return;
		this.#sending = true;
		while (this.#queue.length > 0 && !this.#closed) {
			const events = this.#takeReady();
			// The verdicts on what is in the stream wake it again.
			if (events.length === 0) break;
			await this.#sendBatch(events);
			// On the short way the time until the verdicts was time to gather.
			const waitMs = this.#inStream === 0 || this.#queue.length >= GATHER_EVENTS ? 0 : this.#gatherMs();
			if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
		}
		this.#sending = false;
	}

	/** The next message's events, taken out of the queue; none while all that waits has to wait on. */
	#takeReady(): Pending[] {
		this.#queue = this.#queue.filter((pending) => !pending.settled);
		if (this.#inStream === 0) return this.#queue.splice(0, countForMessage(this.#queue));
		const stored = [...this.#batches.values()].flatMap((batch) => (batch.stored ? batch.events.filter((pending) => !pending.settled) : []));
		const ready = readyEvents(this.#queue, stored);
		const taken = new Set(ready.slice(0, countForMessage(ready)));
		this.#queue = this.#queue.filter((pending) => !taken.has(pending));
		return [...taken];
	}

	async #sendBatch(events: readonly Pending[]): Promise<void> {
		const id = ++this.#batchNumber;
		const batch: Batch = { events, sentAtMs: this.#options.clock.nowMs(), repeated: false, stored: false };
		this.#batches.set(id, batch);
		// What the stream holds must not be overtaken.
		if (this.#inStream === 0 && (await this.#ask(id, events))) return;
		batch.stored = true;
		this.#inStream++;
		await this.#store(id, events);
	}

	/** The short way. False when no verdicts came back. */
	async #ask(id: number, events: readonly Pending[]): Promise<boolean> {
		const { bus, hostId, log } = this.#options;
		try {
			const answer = await bus.request(reportSubject(hostId), this.#encode(id, events), REPORT_ANSWER_MS);
			const { verdicts } = reportReply.parse(JSON.parse(this.#decoder.decode(answer)));
			if (verdicts === null) return false;
			this.#settle(id, verdicts);
			return !this.#batches.has(id);
		} catch (error) {
			if (!(error instanceof BusError)) log.error('a report was answered with something else than verdicts', { batch: id, error: String(error).slice(0, 300) });
			return false;
		}
	}

	/** The long way: tries until the stream has it, under the same number, so that a message whose acknowledgement was lost is not stored twice. */
	async #store(id: number, events: readonly Pending[]): Promise<void> {
		const { bus, hostId, clock, log } = this.#options;
		for (let tries = 0; !this.#closed; tries++) {
			try {
				return await bus.store(storeSubject(hostId), this.#encode(id, events));
			} catch (error) {
				if (!(error instanceof BusError)) throw error;
				if (tries % 10 === 0 && !this.#closed) log.warn('events could not be stored, trying again', { batch: id, events: events.length, error: error.message });
				await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, 50, 2_000, clock.random())));
			}
		}
	}

	#encode(batch: number, events: readonly Pending[]): Uint8Array {
		const { hostId, hostBoot, clock } = this.#options;
		const nowMs = clock.nowMs();
		const aged = events.map((pending) => ({ ...pending.event, agoMs: Math.max(0, Math.round(nowMs - pending.atMs)) }));
		const frames = events.flatMap((pending) => pending.frame ?? []);
		return encodeFramed({ hostId, hostBoot, batch, events: aged }, frames, (text) => this.#encoder.encode(text));
	}

	#settle(batchId: number, verdicts: readonly Verdict[]): void {
		const batch = this.#batches.get(batchId);
		if (batch === undefined) return;
		if (batch.events.length !== verdicts.length) {
			this.#options.log.error('verdicts do not match their events', { batch: batchId, events: batch.events.length, verdicts: verdicts.length });
			return;
		}
		this.#forget(batchId, batch);
		const settled: { event: ReportedEvent; verdict: Verdict }[] = [];
		for (const [index, pending] of batch.events.entries()) {
			const verdict = verdicts[index];
			if (pending.settled || verdict === undefined) continue;
			pending.settled = true;
			this.#hold(pending, -1);
			settled.push({ event: pending.event, verdict });
		}
		this.#options.onVerdicts(settled);
		if (this.#queue.length > 0) this.#schedule();
	}

	#forget(id: number, batch: Batch): void {
		this.#batches.delete(id);
		if (batch.stored) this.#inStream--;
	}

	/** Publishes events without a verdict again. The old numbers stay known: their verdicts may still come. */
	#repeatSilent(): void {
		const beforeMs = this.#options.clock.nowMs() - this.#options.retryMs;
		for (const [id, batch] of this.#batches) {
			const open = batch.events.filter((pending) => !pending.settled);
			if (open.length === 0) this.#forget(id, batch);
			else if (batch.stored && batch.sentAtMs <= beforeMs && !batch.repeated) {
				batch.repeated = true;
				this.#queue.push(...open);
			}
		}
		if (this.#queue.length > 0) this.#schedule();
	}
}

function textLength(event: ReportedEvent): number {
	if (event.kind === 'result') return event.error?.length ?? 0;
	return event.kind === 'lost' ? event.reason.length : 0;
}
