/** Carries events from the EVENTS stream to the edge and its verdicts back to the hosts; a message leaves the stream only with a verdict on every event in it. */
import { EVENT_BATCH_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import { verdictSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus, EventPull, PulledMessage } from '../bus/bus.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';
import { fits, openParcel, type Parcel, parcelBytes, type Slice, sliceParcel, startedIn } from './parcel.ts';
import { type PostOutcome, postEvents } from './post-events.ts';

const POSTS_MAX = 4;
/** Unsettled bytes in memory above which no more are pulled. */
const HELD_BYTES_MAX = 16 * EVENT_BATCH_BYTES_MAX;
/** Well inside the consumer's ack wait of 30 s. */
const WORKING_MS = 10_000;
const POST_TIMEOUT_MS = 20_000;
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 5_000;

export interface EventRelayOptions {
	readonly bus: Pick<Bus, 'pullEvents' | 'publish'>;
	readonly edge: EdgeClient;
	/** Started jobs by endpoint, as soon as they pass by. */
	readonly onStarted: (byEndpoint: ReadonlyMap<string, readonly string[]>) => void;
	/** Every event that is heard of, before it goes on. */
	readonly onEvents: (events: readonly JobEvent[]) => void;
	readonly wallClock: () => number;
	readonly log: Log;
}

/** A parcel of the stream. */
interface StoredParcel extends Parcel {
	/** The newest delivery of its message. */
	message: PulledMessage;
}

/** One host's unsettled parcels; they go to the edge in order, so at most one post holds some of them. */
interface HostLine {
	readonly parcels: StoredParcel[];
	posting: boolean;
}

/** What the edge said in the end: verdicts, or a refusal that will not change by repeating. */
type PostResult = Exclude<PostOutcome, { readonly problem: string }>;

export class EventRelay {
	readonly #options: EventRelayOptions;
	readonly #lines = new Map<string, HostLine>();
	readonly #bySeq = new Map<number, StoredParcel>();
	readonly #working: NodeJS.Timeout;
	#pull: EventPull | null = null;
	#heldBytes = 0;
	#posts = 0;
	#stopping = false;
	#idle: (() => void) | null = null;
	#edgeProblem = '';

	constructor(options: EventRelayOptions) {
		this.#options = options;
		this.#working = setInterval(() => this.#keepHeld(), WORKING_MS);
		this.#working.unref();
	}

	start(): void {
		this.#pull ??= this.#options.bus.pullEvents(
			(message) => this.#take(message),
			() => this.#heldBytes < HELD_BYTES_MAX && !this.#stopping,
		);
	}

	/** Pulls no more, lets posts in flight end for at most `timeoutMs`, and leaves the rest to other replicas or the next start. */
	async stop(timeoutMs: number): Promise<void> {
		this.#stopping = true;
		this.#pull?.stop();
		clearInterval(this.#working);
		if (this.#posts === 0) return;
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, timeoutMs);
			this.#idle = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	#take(message: PulledMessage): void {
		const held = this.#bySeq.get(message.seq);
		if (held !== undefined) {
			// Delivered again while we hold it: only the newest delivery can be acknowledged.
			held.message = message;
			return;
		}
		let parcel: StoredParcel;
		try {
			parcel = { ...openParcel(message.subject, message.data, message.storedAtMs), message };
		} catch (error) {
			this.#options.log.error('dropped an event message that cannot be read', { seq: message.seq, subject: message.subject, error: errorText(error) });
			message.ack();
			return;
		}
		const line = this.#lines.get(parcel.hostId) ?? { parcels: [], posting: false };
		this.#lines.set(parcel.hostId, line);
		line.parcels.push(parcel);
		this.#bySeq.set(message.seq, parcel);
		this.#heldBytes += parcelBytes(parcel);
		this.#options.onEvents(parcel.events);
		const started = startedIn(parcel);
		if (started.size > 0) this.#options.onStarted(started);
		// What arrived in one read of the socket leaves in one post.
		if (this.#posts === 0 && this.#bySeq.size === 1) setImmediate(() => this.#post());
		else if (!line.posting) queueMicrotask(() => this.#post());
	}

	/** Sends what is there, from hosts that no post in flight holds. */
	#post(): void {
		while (this.#posts < POSTS_MAX && !this.#stopping) {
			const batch = this.#gather();
			if (batch.length === 0) return;
			this.#posts++;
			void this.#deliver(batch).finally(() => {
				this.#posts--;
				if (this.#posts === 0) this.#idle?.();
				this.#post();
			});
		}
	}

	#gather(): StoredParcel[] {
		const batch: StoredParcel[] = [];
		let events = 0;
		let bytes = 0;
		for (const line of this.#lines.values()) {
			if (line.posting) continue;
			for (const parcel of line.parcels) {
				if (batch.length > 0 && !fits(events, bytes, parcel)) break;
				batch.push(parcel);
				line.posting = true;
				events += parcel.events.length;
				bytes += parcelBytes(parcel);
			}
		}
		return batch;
	}

	async #deliver(batch: readonly StoredParcel[]): Promise<void> {
		const slices = batch.map((parcel) => sliceParcel(parcel));
		const whole = slices.every((list) => list.length === 1) ? await this.#insist(slices.flat()) : { refused: 'too many events for one post' };
		if (whole === null) return this.#release(batch);
		let at = 0;
		for (const parcel of batch) {
			const verdicts = 'verdicts' in whole ? whole.verdicts.slice(at, at + parcel.events.length) : await this.#deliverAlone(parcel, batch.length > 1);
			if (verdicts === null) break;
			at += parcel.events.length;
			this.#settle(parcel, verdicts);
		}
		this.#release(batch);
	}

	/** After a refused batch: the parcel by itself, and if that is refused too each event by itself, so that one bad event stops no other. */
	async #deliverAlone(parcel: Parcel, tryWhole: boolean): Promise<Verdict[] | null> {
		const verdicts: Verdict[] = [];
		for (const slice of sliceParcel(parcel)) {
			const result = tryWhole || slice.events.length < parcel.events.length ? await this.#insist([slice]) : { refused: 'refused in its batch' };
			if (result === null) return null;
			if ('verdicts' in result) {
				verdicts.push(...result.verdicts);
				continue;
			}
			for (const single of sliceParcel({ ...parcel, events: slice.events, frames: slice.frames }, 1)) {
				const answer = await this.#insist([single]);
				if (answer === null) return null;
				if ('verdicts' in answer) verdicts.push(...answer.verdicts);
				else verdicts.push(this.#giveUpOn(parcel, single, answer.refused));
			}
		}
		return verdicts;
	}

	#giveUpOn(parcel: Parcel, slice: Slice, refused: string): Verdict {
		const event = slice.events[0];
		this.#options.log.error('the edge refuses an event, it is dropped', {
			hostId: parcel.hostId,
			batch: parcel.batch,
			job: event?.id,
			epoch: event?.epoch,
			kind: event?.kind,
			refused,
		});
		return 'stop';
	}

	/** Posts until the edge answers for good. Null when the broker stops meanwhile. */
	async #insist(slices: readonly Slice[]): Promise<PostResult | null> {
		const { edge, wallClock, log } = this.#options;
		let waitMs = RETRY_FIRST_MS;
		for (;;) {
			const outcome = await postEvents(edge, slices, wallClock(), POST_TIMEOUT_MS);
			if (!('problem' in outcome)) {
				if (this.#edgeProblem !== '' && 'verdicts' in outcome) {
					log.info('the edge takes events again');
					this.#edgeProblem = '';
				}
				return outcome;
			}
			if (outcome.problem !== this.#edgeProblem) log.warn('events wait for the edge', { error: outcome.problem, messages: slices.length });
			this.#edgeProblem = outcome.problem;
			if (this.#stopping) return null;
			await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
			waitMs = Math.min(RETRY_LONGEST_MS, waitMs * 2);
		}
	}

	#settle(parcel: StoredParcel, verdicts: readonly Verdict[]): void {
		const { hostBoot, batch, hostId } = parcel;
		this.#options.bus.publish(verdictSubject(hostId), JSON.stringify({ hostBoot, batch, verdicts }));
		parcel.message.ack();
		this.#bySeq.delete(parcel.message.seq);
		this.#heldBytes -= parcelBytes(parcel);
		const line = this.#lines.get(hostId);
		// Parcels of a host settle in order, so it is the first.
		if (line?.parcels[0] === parcel) line.parcels.shift();
		this.#pull?.resume();
	}

	#release(batch: readonly Parcel[]): void {
		for (const parcel of batch) {
			const line = this.#lines.get(parcel.hostId);
			if (line === undefined) continue;
			line.posting = false;
			if (line.parcels.length === 0) this.#lines.delete(parcel.hostId);
		}
	}

	#keepHeld(): void {
		for (const parcel of this.#bySeq.values()) parcel.message.working();
	}
}
