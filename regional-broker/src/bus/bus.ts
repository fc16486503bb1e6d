/** The port to a region's NATS: what the rest of the broker may ask of it. Pure types. */

/** What became of a publish. Only `stored` is a promise; `unknown` may or may not be in the stream. */
export type PublishOutcome =
	| { readonly kind: 'stored'; readonly seq: number; readonly duplicate: boolean }
	| { readonly kind: 'refused'; readonly reason: string }
	| { readonly kind: 'unknown'; readonly reason: string };

/** A message of the EVENTS stream in the relay's hands. Every call is a hint to the server: a lost one means another delivery. */
export interface PulledMessage {
	readonly subject: string;
	readonly data: Uint8Array;
	readonly seq: number;
	/** Server's clock, epoch milliseconds. */
	readonly storedAtMs: number;
	ack(): void;
	/** Restarts the ack wait. */
	working(): void;
}

export interface JobConsumerFigures {
	/** Highest stream sequence that was handed to a host. */
	readonly deliveredSeq: number;
	readonly waiting: number;
	readonly unacked: number;
}

/** A value of the broker's own bucket. */
export interface BusRecord {
	readonly value: string;
	readonly revision: number;
}

/** The bucket in which brokers of a region keep what must outlive them. Every call rejects when NATS does not answer. */
export interface BusRecords {
	get(key: string): Promise<BusRecord | null>;
	/** Writes only over `revision` (0: only when absent). Null when somebody else wrote. */
	swap(key: string, value: string, revision: number): Promise<number | null>;
	put(key: string, value: string): Promise<void>;
	delete(key: string): Promise<void>;
	/** All values whose key starts with `prefix`, which ends with a dot. */
	list(prefix: string): Promise<Map<string, string>>;
}

/**
 * Hears a message; `reply` is null when nobody waits for an answer. `subject` is its own, where the subscription's has wildcards: those come
 * from hosts, whose id is the last part, and are answered only below the host's own inbox.
 */
export type BusListener = (data: Uint8Array, reply: ((data: string) => void) | null, subject: string) => void;

export interface Bus {
	/** Connected, and streams found or made on this connection. */
	isReady(): boolean;
	/** Each dependency by name, for `/readyz?verbose`. */
	checks(): Readonly<Record<string, boolean>>;
	/** Called each time the bus becomes ready, with streams in place. */
	onReady(listener: () => void): void;

	publish(subject: string, data: Uint8Array | string): void;
	/** Null when nobody listens; rejects when the answer does not come in time. */
	request(subject: string, data: string, timeoutMs: number): Promise<string | null>;
	subscribe(subject: string, listener: BusListener, queueGroup?: string): void;

	/** Stores a job message; resolves when the server acknowledged, refused, or fell silent. */
	publishJob(subject: string, messageId: string, body: Uint8Array): Promise<PublishOutcome>;
	/** Message id of the job message at `seq`, null when it is no longer there. */
	jobMessageId(seq: number): Promise<string | null>;
	/** False when it was not there any more. */
	deleteJobMessage(seq: number): Promise<boolean>;
	/** Messages of the JOBS stream by subject. */
	jobCounts(): Promise<ReadonlyMap<string, number>>;
	ensureJobConsumer(endpointId: string): Promise<void>;
	/** Removes the consumer and the messages that nobody can take any more. */
	removeJobConsumer(endpointId: string): Promise<void>;
	jobConsumer(endpointId: string): Promise<JobConsumerFigures | null>;

	/** Stores a host's events; resolves like `publishJob`. */
	publishEvents(subject: string, messageId: string, body: Uint8Array): Promise<PublishOutcome>;
	/** Passes hosts' pull requests on to the endpoints' consumers where `mayPull` says so; the jobs go straight to the host. */
	forwardPulls(mayPull: (hostId: string, endpointId: string, permit: string) => boolean): void;

	/** Delivers the EVENTS stream's messages for ever, as long as `hasRoom` says yes. */
	pullEvents(listener: (message: PulledMessage) => void, hasRoom: () => boolean): EventPull;

	/** Removes the events up to the first that the relays have not acknowledged. */
	purgeSettledEvents(): Promise<void>;

	readonly records: BusRecords;
	/** Sends what is buffered and closes. */
	close(): Promise<void>;
}

export interface EventPull {
	/** Room was made: ask for more if that is due. */
	resume(): void;
	stop(): void;
}
