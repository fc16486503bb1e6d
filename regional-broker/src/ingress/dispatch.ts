/** `POST dispatch`: stores a batch of attempts in the JOBS stream and answers only what JetStream has acknowledged. */
import { cutFrames, decodeFramed } from '@longshore/shared-schema/wire/framing';
import { type DispatchedJob, type DispatchResult, dispatchHead } from '@longshore/shared-schema/wire/region';
import { jobSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus, PublishOutcome } from '../bus/bus.ts';
import type { Grants } from '../fleet/grants.ts';
import type { JobConsumers } from '../fleet/job-consumers.ts';
import { errorText, type Log } from '../log.ts';
import { type Answer, badRequest, unavailable } from './answer.ts';

export interface DispatchOptions {
	readonly bus: Pick<Bus, 'isReady' | 'publishJob'>;
	readonly grants: Grants;
	readonly consumers: Pick<JobConsumers, 'ensure'>;
	/** New waiting jobs by endpoint. */
	readonly onDispatched: (byEndpoint: ReadonlyMap<string, { normal: number; low: number }>) => void;
	readonly log: Log;
}

interface Attempt {
	readonly job: DispatchedJob;
	readonly body: Buffer;
}

const NOTHING = new Uint8Array(0);

/** The verb over its parts. */
export function createDispatch(options: DispatchOptions): (body: Uint8Array) => Promise<Answer> {
	const { bus, grants, consumers } = options;
	return async (body) => {
		let attempts: Attempt[];
		try {
			attempts = readAttempts(body);
		} catch (error) {
			return badRequest(`dispatch: ${errorText(error).slice(0, 500)}`);
		}
		if (!bus.isReady()) return unavailable('NATS is not reachable from this region');
		if (!grants.areKnown()) return unavailable('this region has not heard its grants yet');

		const granted = new Set(attempts.map(({ job }) => job.endpointId).filter((endpointId) => grants.get(endpointId) !== undefined));
		try {
			await Promise.all([...granted].map((endpointId) => consumers.ensure(endpointId)));
		} catch (error) {
			return unavailable(`the endpoint's consumer cannot be made: ${errorText(error)}`);
		}
		const outcomes = await Promise.all(attempts.map((attempt) => (granted.has(attempt.job.endpointId) ? store(bus, attempt) : NOT_GRANTED)));
		options.onDispatched(countStored(attempts, outcomes));
		const unknown = outcomes.find((outcome) => outcome.kind === 'unknown');
		// One unknown outcome makes the whole answer unknown; the edge repeats the batch and the message ids absorb what was stored.
		if (unknown !== undefined) {
			options.log.warn('a dispatch is in doubt', { jobs: attempts.length, reason: unknown.reason });
			return unavailable(`in doubt: ${unknown.reason}`);
		}
		return { status: 202, body: { results: outcomes.map((outcome, i) => toResult((attempts[i] as Attempt).job, outcome)) } };
	};
}

const NOT_GRANTED: PublishOutcome = { kind: 'refused', reason: 'endpoint not granted to this region' };

/** Each job's stream message: its head line and, when inline, the payload's bytes as they came. */
function readAttempts(body: Uint8Array): Attempt[] {
	const { head, rest } = decodeFramed(body, (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
	const { jobs } = dispatchHead.parse(head);
	const inline = jobs.filter((job) => job.inline);
	const frames = cutFrames(
		rest,
		inline.map((job) => job.payloadBytes),
	);
	let next = 0;
	return jobs.map((job) => ({ job, body: toMessage(job, job.inline ? (frames[next++] ?? NOTHING) : NOTHING) }));
}

function toMessage(job: DispatchedJob, payload: Uint8Array): Buffer {
	const line = `${JSON.stringify(job)}\n`;
	const lineBytes = Buffer.byteLength(line);
	const message = Buffer.allocUnsafe(lineBytes + payload.length);
	message.write(line, 0, 'utf8');
	message.set(payload, lineBytes);
	return message;
}

function store(bus: Pick<Bus, 'publishJob'>, { job, body }: Attempt): Promise<PublishOutcome> {
	return bus.publishJob(jobSubject(job.endpointId, job.lowPriority), `${job.id}.${job.epoch}`, body);
}

function countStored(attempts: readonly Attempt[], outcomes: readonly PublishOutcome[]): Map<string, { normal: number; low: number }> {
	const counts = new Map<string, { normal: number; low: number }>();
	outcomes.forEach((outcome, i) => {
		const job = attempts[i]?.job;
		if (job === undefined || outcome.kind !== 'stored' || outcome.duplicate) return;
		const count = counts.get(job.endpointId) ?? { normal: 0, low: 0 };
		counts.set(job.endpointId, count);
		count[job.lowPriority ? 'low' : 'normal']++;
	});
	return counts;
}

function toResult({ id, epoch }: DispatchedJob, outcome: PublishOutcome): DispatchResult {
	if (outcome.kind === 'stored') return { id, epoch, outcome: 'accepted', seq: outcome.seq };
	return { id, epoch, outcome: 'refused', reason: outcome.reason.slice(0, 300) };
}
