/** Hands the requests of finalized batches to the endpoint's job stores, a bounded number at a time, and learns how their jobs end. */
import { BATCH_JOBS_AT_ONCE } from '@longshore/shared-schema/limits';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { Env } from '../env.ts';
import { jobStoreOf } from '../gate/endpoint.ts';
import { toSubmission } from '../gate/job-request.ts';
import { shardOfJobId } from '../ids/job-id.ts';
import { logError } from '../log.ts';
import type { BatchTable, RequestRow } from './batch-table.ts';
import type { JobOutcome } from './job-outcome.ts';

/** One wait for a job's end; between two the request's state is brought up to date. */
const WAIT_MS = 10_000;

/** What the feeder needs of its object. */
export interface FeederHost {
	readonly env: Env;
	readonly table: BatchTable;
	endpointId(): string;
	transact<T>(work: () => T): T;
	/** Keeps the object at it. */
	run(work: Promise<void>): void;
	/** A request has ended. */
	ended(batch: number): void;
	/** Something has to be tried again later. */
	later(): void;
}

/** Memory holds only who is being waited for: after a restart the rows say what was sent, and a submit under the same key changes nothing. */
export class BatchFeeder {
	readonly #host: FeederHost;
	readonly #followed = new Set<string>();
	#isPaused = false;

	constructor(host: FeederHost) {
		this.#host = host;
	}

	/** Sends what there is room for, the oldest batch first. */
	feed(): void {
		const { table } = this.#host;
		if (this.#isPaused) return;
		const room = BATCH_JOBS_AT_ONCE - this.#followed.size;
		if (room <= 0) return;
		const next = table.at('waiting', room);
		this.#host.transact(() => {
			for (const { n } of next) table.move(n, 'waiting', 'sent', 'IN_QUEUE');
		});
		for (const request of next) this.#follow(request);
	}

	/** The alarm rang: the object may be a new one, a full queue may have room again. */
	resume(): void {
		this.#isPaused = false;
		for (const request of this.#host.table.at('sent', BATCH_JOBS_AT_ONCE)) this.#follow(request);
		this.feed();
	}

	#follow(request: RequestRow): void {
		if (this.#followed.has(request.id)) return;
		this.#followed.add(request.id);
		const done = this.#toEnd(request)
			.catch((error: unknown) => {
				logError('batch request not followed', error, { endpoint: this.#host.endpointId(), job: request.id });
				this.#host.later();
			})
			.finally(() => {
				this.#followed.delete(request.id);
				if (!this.#isPaused) this.feed();
			});
		this.#host.run(done);
	}

	async #toEnd(request: RequestRow): Promise<void> {
		const { env, table } = this.#host;
		const endpointId = this.#host.endpointId();
		const endpoint = await env.ENDPOINT_STORE.getByName(endpointId).get();
		if (endpoint === null) return this.#end(request, null, 'the endpoint was deleted');
		const store = jobStoreOf(env, endpointId, shardOfJobId(request.id) ?? 0);
		const answer = await store.submit(this.#submission(request, endpoint));
		if (answer === 'queue_full') {
			this.#isPaused = true;
			table.move(request.n, 'sent', 'waiting', 'IN_QUEUE');
			return this.#host.later();
		}
		if (table.findRequest(request.id)?.place !== 'sent') await (await store.cancel(request.id))?.output?.cancel();
		for (;;) {
			const outcome = await store.waitForOutcome(request.id, WAIT_MS);
			if (outcome === null) return this.#end(request, null, 'the result expired before the batch learned it');
			if (outcome.terminal) return this.#keep(request, outcome);
			table.move(request.n, 'sent', 'sent', outcome.status);
		}
	}

	#submission(request: RequestRow, endpoint: EndpointRecord): ReturnType<typeof toSubmission> {
		const batchId = this.#host.table.byRow(request.batch)?.id ?? '';
		// A blank: no client can send this key.
		const key = { key: `batch ${request.id}`, bodySha256: batchId };
		return toSubmission(this.#host.table.input(request.n), { batchId }, request.id, false, endpoint, key);
	}

	/** Copies the output, part by part: the batch keeps it longer than the job store does. */
	async #keep(request: RequestRow, outcome: JobOutcome): Promise<void> {
		const { table } = this.#host;
		table.clearOutput(request.n);
		if (typeof outcome.output === 'string') table.addText(request.n, 'output', new TextEncoder().encode(outcome.output), 0);
		else if (outcome.output !== null) {
			let part = 0;
			for await (const bytes of outcome.output) part = table.addText(request.n, 'output', bytes, part);
		}
		this.#end(request, outcome, outcome.error);
	}

	#end(request: RequestRow, outcome: JobOutcome | null, error: string | null): void {
		const { table } = this.#host;
		this.#host.transact(() => {
			// A batch may have been cancelled and its request with it.
			if (table.findRequest(request.id)?.place !== 'sent') return;
			table.end(request.n, outcome?.status ?? 'FAILED', error, outcome?.startedAt ?? null, outcome?.endedAt ?? null);
			this.#host.ended(request.batch);
		});
	}
}
