/**
 * Reports what happens to attempts: gathers events into messages, publishes one message at a time so that their order holds, and
 * keeps every event until the edge's verdict on it comes back.
 */

import { verdictMessage } from '@longshore/shared-schema/wire/bus';
import { encodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import { EVENTS_STREAM, eventSubject, verdictSubject } from '@longshore/shared-schema/wire/subjects';
import { type Bus, BusError } from '../bus/bus.ts';
import { backoffMs } from '../core/backoff.ts';
import { countForMessage } from '../core/event-batch.ts';
import type { Log } from '../log.ts';
import type { Clock } from './clock.ts';

type WithoutAge<T> = T extends unknown ? Omit<T, 'agoMs'> : never;
/** An event as it is kept: its age is worked out anew whenever it is sent. */
export type ReportedEvent = WithoutAge<JobEvent>;
export type ResultEvent = Extract<ReportedEvent, { kind: 'result' }>;

/** A started event waits this long for a result that makes it needless. */
const STARTED_LINGER_MS = 20;

interface Pending {
	readonly event: ReportedEvent;
	readonly key: string;
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
}

export interface ReporterOptions {
	readonly bus: Bus;
	readonly clock: Clock;
	readonly log: Log;
	readonly hostId: string;
	readonly hostBoot: string;
	readonly retryMs: number;
	/** Called once for each event; `upload` may be answered by reporting the event again. */
	onVerdict(event: ReportedEvent, verdict: Verdict): void;
}

export interface Reporter {
	/** `atMs` (monotonic): when it happened. */
	report(event: ReportedEvent, frame: Uint8Array | null, atMs: number): void;
	/** Bytes of events without a verdict. */
	heldBytes(): number;
	/** Events without a verdict. */
	held(): number;
	/** Resolves when everything reported so far is in the stream, or after `limitMs`. */
	flushed(limitMs: number): Promise<void>;
	close(): void;
}

/** Starts reporting; events wait while the bus is away. */
export function createReporter(options: ReporterOptions): Reporter {
	const { bus, clock, log } = options;
	const encoder = new TextEncoder();
	const lingering = new Map<string, Pending>();
	const batches = new Map<number, Batch>();
	const queue: Pending[] = [];
	let batchNumber = 0;
	let heldBytes = 0;
	let held = 0;
	let sending = false;
	let scheduled = false;
	let closed = false;
	let lingerTimer: NodeJS.Timeout | null = null;

	const schedule = (): void => {
		if (scheduled || sending || closed) return;
		scheduled = true;
		setImmediate(() => {
			scheduled = false;
			void sendAll();
		});
	};
	const endLinger = (): void => {
		lingerTimer = null;
		const nowMs = clock.nowMs();
		for (const [key, pending] of lingering) {
			if (pending.atMs + STARTED_LINGER_MS > nowMs + 1) break;
			lingering.delete(key);
			queue.push(pending);
		}
		if (queue.length > 0) schedule();
		armLinger();
	};
	const armLinger = (): void => {
		if (lingerTimer !== null || lingering.size === 0) return;
		lingerTimer = setTimeout(endLinger, STARTED_LINGER_MS);
	};
	const sendAll = async (): Promise<void> => {
		if (sending) return;
		sending = true;
		while (queue.length > 0 && !closed) {
			const events = queue.splice(0, countForMessage(queue));
			await sendBatch(events.filter((pending) => !pending.settled));
		}
		sending = false;
	};
	/** Tries until the stream has it: the same number again, so that a message whose acknowledgement was lost is not stored twice. */
	const sendBatch = async (events: readonly Pending[]): Promise<void> => {
		if (events.length === 0) return;
		const batch = ++batchNumber;
		batches.set(batch, { events, sentAtMs: clock.nowMs(), repeated: false });
		for (let tries = 0; !closed; tries++) {
			try {
				await bus.store(eventSubject(options.hostId), encodeBatch(batch, events), `${options.hostBoot}.${batch}`, EVENTS_STREAM);
				return;
			} catch (error) {
				if (!(error instanceof BusError)) throw error;
				if (tries % 10 === 0 && !closed) log.warn('events could not be stored, trying again', { batch, events: events.length, error: error.message });
				await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, 50, 2_000, clock.random())));
			}
		}
	};
	const encodeBatch = (batch: number, events: readonly Pending[]): Uint8Array => {
		const nowMs = clock.nowMs();
		const head = {
			hostId: options.hostId,
			hostBoot: options.hostBoot,
			batch,
			events: events.map((pending) => ({ ...pending.event, agoMs: Math.max(0, Math.round(nowMs - pending.atMs)) })),
		};
		return encodeFramed(
			head,
			events.flatMap((pending) => pending.frame ?? []),
			(text) => encoder.encode(text),
		);
	};
	const settle = (batchId: number, verdicts: readonly Verdict[]): void => {
		const batch = batches.get(batchId);
		if (batch === undefined) return;
		if (batch.events.length !== verdicts.length) {
			log.error('verdicts do not match their events', { batch: batchId, events: batch.events.length, verdicts: verdicts.length });
			return;
		}
		batches.delete(batchId);
		for (const [index, pending] of batch.events.entries()) {
			const verdict = verdicts[index];
			if (pending.settled || verdict === undefined) continue;
			pending.settled = true;
			held--;
			heldBytes -= pending.headBytes + pending.frameBytes;
			options.onVerdict(pending.event, verdict);
		}
	};
	const repeatSilent = (): void => {
		const beforeMs = clock.nowMs() - options.retryMs;
		for (const [id, batch] of batches) {
			if (batch.events.every((pending) => pending.settled)) batches.delete(id);
			else if (batch.sentAtMs <= beforeMs && !batch.repeated) {
				// The old number stays known: its verdict may still come.
				batch.repeated = true;
				queue.push(...batch.events.filter((pending) => !pending.settled));
			}
		}
		if (queue.length > 0) schedule();
	};
	const repeatTimer = setInterval(repeatSilent, Math.max(50, options.retryMs / 4));
	bus.subscribe(verdictSubject(options.hostId), (data) => {
		const message = verdictMessage.safeParse(JSON.parse(new TextDecoder().decode(data)));
		if (!message.success) log.error('a verdict message is malformed', { error: message.error.message });
		else if (message.data.hostBoot === options.hostBoot) settle(message.data.batch, message.data.verdicts);
	});

	return {
		report(event, frame, atMs) {
			const key = `${event.id}.${event.epoch}`;
			const headBytes = 320 + 2 * (event.kind === 'result' ? (event.error?.length ?? 0) : event.kind === 'lost' ? event.reason.length : 0);
			const pending: Pending = { event, key, frame, atMs, headBytes, frameBytes: frame?.length ?? 0, settled: false };
			const started = lingering.get(key);
			if (event.kind === 'started') {
				held++;
				heldBytes += headBytes;
				lingering.set(key, pending);
				armLinger();
				return;
			}
			if (started !== undefined) {
				lingering.delete(key);
				if (event.kind === 'result') {
					held--;
					heldBytes -= started.headBytes;
				} else queue.push(started);
			}
			held++;
			heldBytes += pending.headBytes + pending.frameBytes;
			queue.push(pending);
			schedule();
		},
		heldBytes: () => heldBytes,
		held: () => held,
		async flushed(limitMs) {
			const untilMs = clock.nowMs() + limitMs;
			while ((queue.length > 0 || lingering.size > 0 || sending || scheduled) && clock.nowMs() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5));
		},
		close() {
			closed = true;
			clearInterval(repeatTimer);
			if (lingerTimer !== null) clearTimeout(lingerTimer);
		},
	};
}
