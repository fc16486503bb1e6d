/** Brings large outputs to the edge through the broker, a few at a time, trying until it has an answer. */
import { readFile } from 'node:fs/promises';
import { backoffMs } from '../core/backoff.ts';
import { type BrokerClient, BrokerError } from './broker-client.ts';
import type { Host } from './host.ts';
import { attemptKey } from './worker.ts';

/** Outputs on their way at one time: each is in memory meanwhile. */
const PARALLEL_MAX = 4;

interface Upload {
	readonly event: { readonly id: string; readonly epoch: number; readonly token: string };
	readonly file: string;
	ended(stored: boolean): void;
}

export interface Uploads {
	/** `ended(false)`: the edge wants no output of this attempt any more. */
	start(key: string, event: Upload['event'], file: string, ended: (stored: boolean) => void): void;
	close(): void;
}

/** An upload queue. */
export function createUploads(host: Host, broker: BrokerClient): Uploads {
	const waiting = new Map<string, Upload>();
	let running = 0;
	let closed = false;
	const next = (): void => {
		for (const [key, upload] of waiting) {
			if (closed || running >= PARALLEL_MAX) return;
			waiting.delete(key);
			running++;
			void run(upload).finally(() => {
				running--;
				next();
			});
		}
	};
	const run = async ({ event, file, ended }: Upload): Promise<void> => {
		for (let tries = 0; !closed; tries++) {
			try {
				const answer = await broker.uploadOutput(event.id, event.epoch, event.token, await readFile(file));
				if (!closed) ended(answer === 'stored');
				return;
			} catch (error) {
				if (!(error instanceof BrokerError)) throw error;
				if (tries % 5 === 0) host.log.warn('an output could not be uploaded, trying again', { job: attemptKey(event.id, event.epoch), tries: tries + 1, error: error.message });
				await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, 200, 10_000, host.clock.random())));
			}
		}
	};
	return {
		start(key, event, file, ended) {
			waiting.set(key, { event, file, ended });
			next();
		},
		close: () => {
			closed = true;
		},
	};
}
