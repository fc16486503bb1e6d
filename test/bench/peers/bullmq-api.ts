/** The few parts of BullMQ that the comparison uses, and where they come from: an optional package, so not a compile-time import. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

interface BullOptions {
	readonly connection: { readonly host: string; readonly port: number };
}

export interface BullJob {
	readonly id: string;
	readonly returnvalue: unknown;
	waitUntilFinished(events: unknown): Promise<unknown>;
	getState(): Promise<string>;
}

export interface BullQueue {
	add(name: string, data: unknown, options?: object): Promise<BullJob>;
	getJob(id: string): Promise<BullJob | undefined>;
	getJobCounts(...states: string[]): Promise<Readonly<Record<string, number>>>;
	setMaxListeners(count: number): void;
}

export interface BullMq {
	readonly Queue: new (name: string, options: BullOptions) => BullQueue;
	readonly QueueEvents: new (name: string, options: BullOptions) => { waitUntilReady(): Promise<unknown>; setMaxListeners(count: number): void };
	readonly Worker: new (name: string, handler: () => Promise<unknown>, options: BullOptions & { readonly concurrency: number }) => { waitUntilReady(): Promise<unknown> };
}

/** Loads `bullmq` from this repository or from the directory that `BENCH_MODULES` names; throws with the fix when it is nowhere. */
export function loadBullMq(): BullMq {
	const from = process.env['BENCH_MODULES'] ?? resolve(import.meta.dirname, '../../..');
	try {
		return createRequire(resolve(from, 'package.json'))('bullmq') as BullMq;
	} catch (error) {
		throw new Error(`bullmq is not installed in ${from}; run npm install --no-save bullmq ioredis there, or name a directory that has both in BENCH_MODULES`, { cause: error });
	}
}
