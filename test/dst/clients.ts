/** Owners of jobs: submit, look, cancel, start anew, purge, over a network and an edge that fail them. */
import { createHash } from 'node:crypto';
import { createJobId } from '../../edge/src/ids/job-id.ts';
import { toWorkerJobText } from '../../shared-schema/src/wire/runpod-job.ts';
import type { EdgeProcess } from './edge.ts';
import { Actor, type Kernel } from './kernel.ts';
import type { JobRecord, Ledger } from './ledger.ts';
import type { Network, Peer } from './network.ts';
import type { Reader } from './reader.ts';
import { EDGE_ENV, type WorldSettings } from './settings.ts';
import type { JobPlan } from './workload.ts';

const TIMEOUT_MS = 20_000;
const REPEAT_MS = 3_000;

export interface ClientsWorld {
	readonly kernel: Kernel;
	readonly network: Network;
	readonly edge: EdgeProcess;
	readonly ledger: Ledger;
	readonly settings: WorldSettings;
	/** Ids of the endpoints by their number in plans. */
	readonly endpoints: readonly string[];
	readonly tags: readonly string[];
	readonly reader: Reader;
}

export class Clients implements Peer {
	readonly place = 'clients';
	readonly actor = new Actor('clients');
	readonly #world: ClientsWorld;
	/** The job that each key stands for, as its owner was told. */
	readonly #byKey = new Map<string, string>();

	constructor(world: ClientsWorld) {
		this.#world = world;
	}

	/** Carries a plan out; it ends with the job's expiry. */
	async submit(plan: JobPlan): Promise<void> {
		const { ledger, kernel } = this.#world;
		const job = await (plan.keyed ? this.#submitKeyed(plan) : this.#submitOnce(plan));
		if (job === null) return;
		if (plan.cancelAfterMs !== null) kernel.plan(this.actor, plan.cancelAfterMs, () => void this.#cancel(job));
		ledger.tell(`client: job ${plan.n} is ${job.id.slice(0, 13)} (${job.state})`);
		await this.#world.reader.follow(job, this);
		if (plan.retried && job.state === 'acked' && job.generation === 0 && ['FAILED', 'TIMED_OUT'].includes(job.ends.get(0)?.status ?? '') && !job.closed) {
			await this.#retry(job);
			await this.#world.reader.follow(job, this);
		}
		await this.#world.reader.watchExpiry(job, this);
	}

	/** Purges the endpoint that is there for it. */
	async purge(): Promise<void> {
		const { edge, ledger, kernel, settings, endpoints } = this.#world;
		const endpointId = endpoints[2] as string;
		const before = [...ledger.jobs.values()].filter((job) => job.endpointId === endpointId && job.state === 'acked' && !job.ends.has(job.generation));
		ledger.tell('client: purges');
		const purge = { endedAt: Number.POSITIVE_INFINITY };
		ledger.purges.push(purge);
		for (let shard = 0; shard < settings.shards; shard++) {
			const isDone = await this.call(() => edge.stub('JOB_STORE', `${endpointId}/${shard}`)['purgeQueue']?.() as Promise<unknown>).then(
				() => true,
				() => false,
			);
			if (!isDone) return ledger.count('purges without an answer');
		}
		ledger.count('purges');
		purge.endedAt = kernel.now;
		const untouched = before.filter(
			({ executions, generation, purgedAt, plan }) => executions.length === 0 && generation === 0 && purgedAt === null && plan.cancelAfterMs === null,
		);
		for (const job of untouched) job.purgedAt = kernel.now;
	}

	/** A request of a client: the edge's door passes it to an object. */
	call<T>(serve: () => Promise<T>, timeoutMs: number = TIMEOUT_MS): Promise<T> {
		return this.#world.network.request(this, this.#world.edge, timeoutMs, serve);
	}

	#prepare(plan: JobPlan): { job: JobRecord; submission: Record<string, unknown> } {
		const { ledger, settings, endpoints, tags } = this.#world;
		const endpointId = endpoints[plan.endpoint] as string;
		const key = plan.keyed ? `key-${plan.n}` : null;
		const shard = plan.n % settings.shards;
		const id = createJobId(EDGE_ENV['LONGSHORE_ID_KEY'] as string, endpointId, shard, plan.sync);
		const input = JSON.stringify({ n: plan.n, kind: plan.kind, ms: plan.ms, tag: tags[plan.endpoint] });
		const url = `https://hooks.example.com/${plan.n}`;
		const payload = toWorkerJobText(id, input, plan.webhook ? { webhook: url } : {});
		const hash = createHash('sha256').update(input).digest('hex');
		const job = ledger.add(plan, id, endpointId, `${endpointId}/${shard}`);
		return {
			job,
			submission: {
				endpointId,
				shards: settings.shards,
				job: { id, sync: plan.sync, ttlMs: Math.round(plan.ttlMs), executionTimeoutMs: 20_000, lowPriority: false, retriesMax: 1 },
				payload,
				payloadBytes: Buffer.byteLength(payload),
				idempotency: key === null ? null : { key, bodySha256: hash },
				webhook: plan.webhook ? { url, inputBytes: Buffer.byteLength(input) } : null,
			},
		};
	}

	async #send(job: JobRecord, submission: Record<string, unknown>): Promise<unknown> {
		const { edge, ledger } = this.#world;
		job.state = 'unknown';
		try {
			return await this.call(() => edge.stub('JOB_STORE', job.store)['submit']?.(submission) as Promise<unknown>);
		} catch {
			ledger.count('submits without an answer');
			return null;
		}
	}

	async #submitOnce(plan: JobPlan): Promise<JobRecord | null> {
		const { job, submission } = this.#prepare(plan);
		const answer = await this.#send(job, submission);
		if (answer === 'accepted') this.#acknowledge(job);
		else if (answer !== null) job.state = 'refused';
		return job.state === 'refused' ? null : job;
	}

	/** Repeats until there is an answer: whichever try was the first to arrive is the job. */
	async #submitKeyed(plan: JobPlan): Promise<JobRecord | null> {
		const { kernel, ledger } = this.#world;
		const repeatAnyway = plan.n % 2 === 0;
		for (let tries = 0, told = 0; ; tries++) {
			const { job, submission } = this.#prepare(plan);
			const answer = await this.#send(job, submission);
			const id = answer === 'accepted' ? job.id : typeof answer === 'object' && answer !== null ? (answer as { repeats: string }).repeats : null;
			if (id !== null) {
				if (tries > 0) ledger.count('submits repeated');
				const known = this.#byKey.get(`key-${plan.n}`) ?? id;
				ledger.check('I9', known === id, () => `key-${plan.n} stands for ${known} and for ${id}`);
				this.#byKey.set(`key-${plan.n}`, id);
				const named = ledger.jobs.get(id) as JobRecord;
				// Every other try of this key made nothing: should one of them run, that is broken.
				for (const other of ledger.jobs.values()) if (other.plan.n === plan.n && other !== named) other.state = 'refused';
				if (named.state !== 'acked') this.#acknowledge(named);
				if (!repeatAnyway || told++ > 0) return named;
			} else if (answer === 'queue_full') return null;
			await new Promise<void>((resolve) => void kernel.plan(this.actor, REPEAT_MS, resolve));
		}
	}

	#acknowledge(job: JobRecord): void {
		job.state = 'acked';
		job.ackedAt = this.#world.kernel.now;
		job.lastReadAt = job.ackedAt;
		this.#world.ledger.count('jobs acknowledged');
	}

	async #cancel(job: JobRecord): Promise<void> {
		const { edge, ledger } = this.#world;
		if (job.ends.size > 0 || job.closed) return;
		await this.call(() => edge.stub('JOB_STORE', job.store)['cancel']?.(job.id, 0) as Promise<unknown>).then(
			() => {
				job.cancelled = true;
				ledger.count('cancels');
			},
			() => {},
		);
	}

	async #retry(job: JobRecord): Promise<void> {
		const { edge, ledger } = this.#world;
		ledger.tell(`client: starts job ${job.plan.n} anew`);
		await this.call(() => edge.stub('JOB_STORE', job.store)['retry']?.(job.id) as Promise<unknown>).then(
			(answer) => answer === true && ledger.count('jobs started anew'),
			() => {},
		);
	}
}
