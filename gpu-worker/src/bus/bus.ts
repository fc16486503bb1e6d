/** The port through which the agent reaches its region. `nats-bus.ts` is the real one. */
import type { DeliveryInfo } from '../core/ack-subject.ts';

/** One job message, to be acknowledged exactly once with one of `ack`, `nak`, `term`: the server lets a host say one word about what it delivered to it, on the connection on which it did. */
export interface PulledMessage {
	readonly data: Uint8Array;
	readonly info: DeliveryInfo;
	readonly ackSubject: string;
	/** Which connection brought it. */
	readonly connection: number;
}

/** What the server says of a pull request besides messages. `pending`: messages that it still owed, null when it does not say. */
export type PullStatus =
	| { readonly kind: 'heartbeat' }
	/** Time or batch is over, or the server gave the request up. */
	| { readonly kind: 'ended'; readonly pending: number | null; readonly backOff: boolean; readonly detail: string }
	/** Nobody answers: the consumer is not there (yet). */
	| { readonly kind: 'absent'; readonly detail: string };

/** Where a bus hands over what pulls bring. */
export interface PullListener {
	message(endpointId: string, message: PulledMessage): void;
	status(endpointId: string, requestId: number, status: PullStatus): void;
}

/** A request or publish on the bus that got no good answer. `absent`: nobody listens there. */
export class BusError extends Error {
	readonly code: 'timeout' | 'absent' | 'refused' | 'closed';
	constructor(code: 'timeout' | 'absent' | 'refused' | 'closed', message: string) {
		super(message);
		this.name = 'BusError';
		this.code = code;
	}
}

export interface Bus {
	/** Fire and forget. */
	publish(subject: string, data: Uint8Array): void;
	/** Throws `BusError`. */
	request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
	/** Has a broker put a message into a stream and waits until the stream holds it. Throws `BusError`. */
	store(subject: string, data: Uint8Array): Promise<void>;
	subscribe(subject: string, handler: (data: Uint8Array, reply: (answer: Uint8Array) => void) => void): void;
	/** Asks for up to `batch` jobs of an endpoint; what comes of it goes to the pull listener. `permit`: what came with the order to start a worker of it. */
	pull(endpointId: string, permit: string, requestId: number, batch: number, expiresMs: number, heartbeatMs: number): void;
	onPulled(listener: PullListener): void;
	/** `up` after a connection was re-established: everything asked of the old one is void. */
	onConnection(listener: (state: 'up' | 'down') => void): void;
	isConnected(): boolean;
	ack(message: PulledMessage): void;
	/** Gives a message back, to be delivered again after `delayMs`. */
	nak(message: PulledMessage, delayMs: number): void;
	/** The message can never be used. */
	term(message: PulledMessage): void;
	/** Sends what is buffered and closes. */
	close(): Promise<void>;
}
