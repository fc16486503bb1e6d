/** One request of a worker, as every verb of the bridge takes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Worker } from '../agent/worker.ts';
import type { BridgeRoute } from '../core/route.ts';
import type { Log } from '../log.ts';
import type { BridgeHost } from './bridge-host.ts';

/** Durations of the bridge; tests shorten them. */
export interface BridgeTimers {
	/** Longest hold of a long poll. */
	readonly holdMs: number;
	/** A refusal is answered after this long, because SDKs come back at once. */
	readonly refusalDelayMs: number;
}

/** One request of a known worker. */
export interface BridgeCall {
	readonly host: BridgeHost;
	readonly worker: Worker;
	readonly route: BridgeRoute;
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly timers: BridgeTimers;
	readonly log: Log;
}
