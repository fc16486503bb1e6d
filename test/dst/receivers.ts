/** Receivers of webhooks: note what comes, answer well or badly. */
import { LeanResponse, type OutgoingCall } from './globals.ts';
import { Actor, type Kernel } from './kernel.ts';
import type { JobRecord, Ledger } from './ledger.ts';
import type { Network, Peer } from './network.ts';

interface Told {
	readonly webhookId: string;
	readonly status: string;
	readonly x: number | null;
	readonly at: number;
	readonly answered: number;
}

export class Receivers implements Peer {
	readonly place = 'receivers';
	readonly actor = new Actor('receivers');
	/** Until when every call is answered 500, or not at all. */
	brokenUntil = 0;
	hangingUntil = 0;
	/** The newest time at which something was wrong here. */
	lastTroubleAt = 0;
	readonly #told = new Map<number, Told[]>();
	readonly #kernel: Kernel;
	readonly #network: Network;
	readonly #ledger: Ledger;

	constructor(kernel: Kernel, network: Network, ledger: Ledger) {
		this.#kernel = kernel;
		this.#network = network;
		this.#ledger = ledger;
	}

	take(from: Peer, call: OutgoingCall): Promise<LeanResponse> {
		return this.#network.request(from, this, 60_000, async () => {
			const n = Number(new URL(call.url).pathname.slice(1));
			const { now } = this.#kernel;
			if (now < this.hangingUntil) await new Promise<void>((resolve) => void this.#kernel.plan(this.actor, 45_000, resolve));
			const isFirst = (this.#told.get(n) ?? []).length === 0;
			// Some answer badly once, whatever else happens: what is not tried again never gets through to them.
			const answered = now < this.brokenUntil || (isFirst && n % 5 === 0) ? 500 : 200;
			const { id, status, output } = JSON.parse(Buffer.from(call.body).toString()) as { id: string; status: string; output?: { n: number; x: number } };
			const told = this.#told.get(n) ?? [];
			this.#told.set(n, told);
			const webhookId = call.headers['webhook-id'] ?? '';
			this.#ledger.check('I11', output === undefined || output.n === n, () => `the webhook of job ${n} carries another job's output`);
			const same = told.filter((one) => one.webhookId === webhookId);
			this.#ledger.check(
				'I6',
				same.every((one) => one.status === status && one.x === (output?.x ?? null)),
				() => `webhook ${webhookId} of ${id} says ${status} after ${same[0]?.status}`,
			);
			if (same.length > 0) this.#ledger.count('webhooks repeated');
			told.push({ webhookId, status, x: output?.x ?? null, at: now, answered });
			this.#ledger.count('webhooks received');
			return new LeanResponse(answered, '');
		});
	}

	/** After a history: what was told is what readers saw, and everybody was told who could be. `wasCalm`: whether nothing was broken between two moments. */
	judge(jobs: Iterable<JobRecord>, wasCalm: (from: number, to: number) => boolean): void {
		for (const job of jobs) {
			if (!job.plan.webhook || job.state !== 'acked') continue;
			const told = this.#told.get(job.plan.n) ?? [];
			for (const [generation, end] of job.ends) {
				const own = told.filter(({ webhookId }) => webhookId === `${job.id}_${generation + 1}`);
				for (const one of own) this.#ledger.check('I2', one.status === end.status && one.x === end.x, () => `job ${job.id} ended ${end.status}, its webhook said ${one.status}`);
				if (end.status === 'CANCELLED' || job.generation !== generation) continue;
				// The durable profile's last tries come in the second half of the retention; the other one tries for half a minute from the end on.
				const half = end.expiresAt - (end.expiresAt - end.endedAt) / 2;
				const isDue = job.plan.endpoint === 0 ? wasCalm(half - 5_000, end.expiresAt) : wasCalm(end.endedAt - 10_000, end.endedAt + 60_000);
				const wasTold = own.some(({ answered }) => answered === 200);
				if (isDue) this.#ledger.check('I6', wasTold, () => `the webhook of job ${job.id} (${end.status}) was called ${own.length} times and never got through`);
			}
		}
	}
}
