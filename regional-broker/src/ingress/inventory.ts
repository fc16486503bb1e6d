/** `POST inventory`: says of each attempt whether it lies in the stream, runs on a live host, is provably nowhere, or cannot be known now. */
import { type AttemptRef, attemptRefs, type InventoryAnswer } from '@longshore/shared-schema/wire/region';
import type { Bus } from '../bus/bus.ts';
import type { Registry } from '../fleet/registry.ts';
import { errorText, type Log } from '../log.ts';
import { type Answer, badRequest } from './answer.ts';
import { mapBounded } from './bounded.ts';
import { askHosts, type HeldOptions, isStarted } from './held.ts';

const AT_ONCE = 32;
/** How long hosts get to report before their absence makes an answer unsure. */
const ROLL_CALL_MS = 1_000;
const LOOK_AGAIN_MS = 20;

export interface InventoryOptions {
	readonly bus: Pick<Bus, 'isReady' | 'jobMessageId'>;
	readonly registry: Registry;
	/** Asks all hosts to report at once. */
	readonly rollCall: () => void;
	readonly command: HeldOptions['command'];
	readonly now: () => number;
	readonly log: Log;
}

type State = InventoryAnswer['results'][number]['state'];

/** The verb over its parts. */
export function createInventory(options: InventoryOptions): (body: unknown) => Promise<Answer> {
	return async (body) => {
		const parsed = attemptRefs.safeParse(body);
		if (!parsed.success) return badRequest(`inventory: ${parsed.error.message.slice(0, 500)}`);
		const asked = parsed.data.jobs;
		const states = askHosts(options, asked.filter(isStarted));
		const jobs = asked.filter((job) => !isStarted(job));
		const queued = await mapBounded(jobs, AT_ONCE, (job) => isQueued(options, job));
		const absent = jobs.filter((_, i) => queued[i] === false);
		// A job may have left the stream for a host since that host's last report: only reports from now on prove absence.
		const certain = absent.length > 0 && (await allReport(options));
		const holders = options.registry.holders();
		const all = await states;
		for (const [i, job] of jobs.entries()) all.set(job, toState(queued[i] ?? null, holders.has(`${job.id}.${job.epoch}`), certain));
		const results = asked.map((job) => ({ id: job.id, epoch: job.epoch, state: all.get(job) ?? 'unsure' }));
		return { status: 200, body: { results } satisfies InventoryAnswer };
	};
}

function toState(queued: boolean | null, held: boolean, certain: boolean): State {
	if (queued === true) return 'queued';
	if (held) return 'running';
	return queued === false && certain ? 'gone' : 'unsure';
}

/** Null when it cannot be said: the edge does not know the sequence, or NATS does not answer. */
async function isQueued({ bus, log }: InventoryOptions, job: AttemptRef): Promise<boolean | null> {
	if (job.seq === 0 || !bus.isReady()) return null;
	try {
		return (await bus.jobMessageId(job.seq)) === `${job.id}.${job.epoch}`;
	} catch (error) {
		log.warn('the stream cannot be asked about a job', { job: job.id, error: errorText(error) });
		return null;
	}
}

async function allReport({ registry, rollCall, now }: InventoryOptions): Promise<boolean> {
	const sinceMs = now();
	if (!registry.isComplete()) return false;
	rollCall();
	while (now() - sinceMs < ROLL_CALL_MS) {
		if (registry.heardAllSince(sinceMs)) return true;
		await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
	}
	return false;
}
