/** Carries events from the EVENTS stream to the edge and its verdicts back to the hosts; a message leaves the stream only with a verdict on every event in it. */
import { EVENT_BATCH_BYTES_MAX } from '@longshore/shared-schema/limits';
import { EDGE_PATHS, eventsAnswer, type Verdict } from '@longshore/shared-schema/wire/region';
import { verdictSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus, EventPull, PulledMessage } from '../bus/bus.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';
import { encodeBatch, fits, openParcel, type Parcel, parcelBytes, type Slice, sliceParcel } from './parcel.ts';

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
	readonly onStarted: (byEndpoint: ReadonlyMap<string, number>) => void;
	readonly wallClock: () => number;
	readonly log: Log;
}

/** One host's unsettled parcels; they go to the edge in order, so at most one post holds some of them. */
interface HostLine {
	readonly parcels: Parcel[];
	posting: boolean;
}

/** What the edge said to a post: verdicts, or a refusal that will not change by repeating. */
type PostResult = { readonly verdicts: readonly Verdict[] } | { readonly refused: string };

export class EventRelay {
	readonly #options: EventRelayOptions;
	readonly #lines = new Map<string, HostLine>();
	readonly #bySeq = new Map<number, Parcel>();
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
		let parcel: Parcel;
		try {
			parcel = openParcel(message);
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
		this.#noteStarted(parcel);
		// What arrived in one read of the socket leaves in one post.
		if (this.#posts === 0 && this.#bySeq.size === 1) setImmediate(() => this.#post());
		else if (!line.posting) queueMicrotask(() => this.#post());
	}

	#noteStarted(parcel: Parcel): void {
		const started = new Map<string, number>();
		for (const event of parcel.events) if (event.kind === 'started') started.set(event.endpointId, (started.get(event.endpointId) ?? 0) + 1);
		if (started.size > 0) this.#options.onStarted(started);
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

	#gather(): Parcel[] {
		const batch: Parcel[] = [];
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

	async #deliver(batch: readonly Parcel[]): Promise<void> {
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
		let waitMs = RETRY_FIRST_MS;
		const events = slices.reduce((sum, slice) => sum + slice.events.length, 0);
		for (;;) {
			let problem: string;
			try {
				const body = encodeBatch(slices, this.#options.wallClock());
				const answer = await this.#options.edge.send({
					method: 'POST',
					path: EDGE_PATHS.events,
					body,
					headers: { 'content-type': 'application/octet-stream' },
					timeoutMs: POST_TIMEOUT_MS,
				});
				if (answer.status === 200) {
					const { verdicts } = eventsAnswer.parse(JSON.parse(answer.body.toString()));
					if (verdicts.length !== events) throw new Error(`the edge gave ${verdicts.length} verdicts on ${events} events`);
					if (this.#edgeProblem !== '') this.#options.log.info('the edge takes events again');
					this.#edgeProblem = '';
					return { verdicts };
				}
				problem = `the edge answers events with ${answer.status}: ${answer.body.toString('utf8', 0, 200)}`;
				if (isFinalRefusal(answer.status)) return { refused: problem };
			} catch (error) {
				problem = errorText(error);
			}
			if (problem !== this.#edgeProblem) this.#options.log.warn('events wait for the edge', { error: problem, events });
			this.#edgeProblem = problem;
			if (this.#stopping) return null;
			await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
			waitMs = Math.min(RETRY_LONGEST_MS, waitMs * 2);
		}
	}

	#settle(parcel: Parcel, verdicts: readonly Verdict[]): void {
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

/** 401 and 403 mean that keys or clocks disagree and 408, 425 and 429 ask for patience: none says that an event is bad. */
function isFinalRefusal(status: number): boolean {
	return status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);
}
