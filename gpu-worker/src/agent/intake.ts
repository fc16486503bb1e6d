/** Turns a pulled message into a job that a worker can have: checks it, claims it where it must be claimed, fetches a large payload. */
import { JOB_ACK_WAIT_MS } from '@longshore/shared-schema/limits';
import { decodeFramed } from '@longshore/shared-schema/wire/framing';
import { type DispatchedJob, dispatchedJob } from '@longshore/shared-schema/wire/region';
import type { Bus, PulledMessage } from '../bus/bus.ts';
import { backoffMs } from '../core/backoff.ts';
import { type BrokerClient, BrokerError } from './broker-client.ts';
import type { Claims } from './claims.ts';
import type { ReadyJob } from './desk.ts';
import { type Host, hasWorkerFor, hostAcceptsJobs } from './host.ts';
import { type Attempt, acceptsJobs, attemptKey } from './worker.ts';

/** Tries for a payload before the job goes back to the region, or is given up when it may not go back. */
const PAYLOAD_TRIES = 5;
/** A job whose payload cannot be had comes back after about this long. */
const PAYLOAD_RETRY_MS = 2_000;
/** A claim without an answer is repeated, at most this far apart. */
const CLAIM_RETRY_MS_MAX = 2_000;
/** A payload that is not there after this must be claimed: well before the server delivers the message again. */
const CLAIM_AFTER_MS = JOB_ACK_WAIT_MS / 2;
/** A job whose earlier attempt is still being stopped here comes back after this long. */
const SUPERSEDED_RETRY_MS = 1_000;

export interface IntakeParts {
	readonly host: Host;
	readonly bus: Bus;
	readonly broker: BrokerClient;
	readonly claims: Claims;
	ready(job: ReadyJob): void;
	dropped(endpointId: string): void;
	/** A granted job cannot be run here: the edge decides on another attempt. */
	lose(attempt: Attempt, reason: string): void;
	/** An older attempt of the same job is on this host. */
	supersede(attempt: Attempt): void;
}

/** Returns the function that takes each message; it answers with `ready` or `dropped`. */
export function createIntake(parts: IntakeParts): (endpointId: string, message: PulledMessage) => void {
	const { host, bus } = parts;
	const decoder = new TextDecoder();
	const drop = (endpointId: string, attempt: Attempt | null): void => {
		if (attempt !== null) host.attempts.delete(attempt.key);
		parts.dropped(endpointId);
	};
	return (endpointId, message) => {
		const read = readMessage(message.data, (bytes) => decoder.decode(bytes));
		if ('problem' in read) {
			host.log.error('a job message is malformed and is thrown away', { endpointId, seq: message.info.streamSeq, problem: read.problem });
			bus.term(message);
			return drop(endpointId, null);
		}
		const { job, payload } = read;
		const key = attemptKey(job.id, job.epoch);
		if (host.attempts.has(key)) {
			bus.ack(message);
			return drop(endpointId, null);
		}
		if (!hostAcceptsJobs(host) || !hasWorkerFor(host, endpointId)) {
			bus.nak(message, 0);
			return drop(endpointId, null);
		}
		const other = otherAttempt(host, job);
		if (other !== null) {
			if (other.job.epoch > job.epoch) bus.ack(message);
			else {
				parts.supersede(other);
				bus.nak(message, SUPERSEDED_RETRY_MS);
			}
			return drop(endpointId, null);
		}
		const attempt: Attempt = { job, key, hostBoot: host.boot, state: 'waiting', workerId: '', startedAtMs: 0, chunks: 0, progresses: 0 };
		host.attempts.set(key, attempt);
		const ageMs = host.clock.wallMs() - message.info.storedAtMs;
		const mustClaim = message.info.delivered > 1 || ageMs >= job.startWithinMs;
		if (!mustClaim && job.inline) parts.ready({ attempt, payload, message, claimed: false });
		else void prepare(parts, attempt, message, mustClaim, payload);
	};
}

function readMessage(data: Uint8Array, decode: (bytes: Uint8Array) => string): { job: DispatchedJob; payload: Uint8Array } | { problem: string } {
	try {
		const { head, rest } = decodeFramed(data, decode);
		const parsed = dispatchedJob.safeParse(head);
		if (!parsed.success) return { problem: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
		if (parsed.data.inline && rest.length !== parsed.data.payloadBytes) return { problem: `payloadBytes is ${parsed.data.payloadBytes}, the frame has ${rest.length}` };
		return { job: parsed.data, payload: rest };
	} catch (error) {
		if (error instanceof SyntaxError) return { problem: error.message };
		throw error;
	}
}

/** An attempt of the same job that is not over here. Only those in workers' hands matter, and workers know their jobs by id. */
function otherAttempt(host: Host, job: DispatchedJob): Attempt | null {
	for (const worker of host.workers.values()) {
		const attempt = worker.endpointId === job.endpointId ? worker.jobs.get(job.id) : undefined;
		if (attempt !== undefined) return attempt;
	}
	return null;
}

async function prepare(parts: IntakeParts, attempt: Attempt, message: PulledMessage, isLate: boolean, inlinePayload: Uint8Array): Promise<void> {
	const { host, bus } = parts;
	const { job } = attempt;
	const end = (finish: () => void): void => {
		host.attempts.delete(attempt.key);
		finish();
		parts.dropped(job.endpointId);
	};
	if (isLate && (await claim(parts, attempt)) === 'drop') return end(() => bus.ack(message));
	const fetching = job.inline ? Promise.resolve(inlinePayload) : fetchPayload(parts, attempt);
	// A payload that is long in coming: the server is about to deliver the message to another host, which must find that this one has the job.
	const mustClaim = isLate || !(await within(CLAIM_AFTER_MS, fetching));
	if (mustClaim && !isLate && (await claim(parts, attempt)) === 'drop') return end(() => bus.ack(message));
	const payload = await fetching;
	if (payload === 'gone') return end(() => bus.ack(message));
	// Revoked meanwhile.
	if (host.attempts.get(attempt.key) !== attempt) return end(() => bus.ack(message));
	if (payload === null && mustClaim) {
		// It counts as started here: another host's claim would be refused, and nobody would have it.
		return end(() => {
			bus.ack(message);
			parts.lose({ ...attempt, workerId: host.id }, `host ${host.id} could not fetch the job's payload`);
		});
	}
	if (payload === null) return end(() => bus.nak(message, PAYLOAD_RETRY_MS * (1 + host.clock.random())));
	parts.ready({ attempt, payload, message, claimed: mustClaim });
}

/** Whether the promise settles within `ms`. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<false>((resolve) => {
		timer = setTimeout(() => resolve(false), ms);
	});
	const inTime = await Promise.race([promise.then(() => true), late]);
	clearTimeout(timer);
	return inTime;
}

/**
 * Asks until the edge has answered: a claim whose answer was lost may have been granted, and a job that is granted to this host is refused
 * to every other. A host that dies over it is lost with all that was granted to it.
 */
async function claim({ host, claims }: IntakeParts, attempt: Attempt): Promise<'run' | 'drop'> {
	const { id, endpointId, epoch, token } = attempt.job;
	for (let tries = 0; ; tries++) {
		const outcome = await claims.ask({ id, endpointId, epoch, token, hostBoot: host.boot, workerId: likelyWorker(host, endpointId) });
		if (outcome !== 'unknown') return outcome;
		if (host.attempts.get(attempt.key) !== attempt) return 'drop';
		await pause(backoffMs(tries, 100, CLAIM_RETRY_MS_MAX, host.clock.random()));
	}
}

/** The claim names a worker; which one really gets the job is known when it is handed over. */
function likelyWorker(host: Host, endpointId: string): string {
	let some = '';
	for (const worker of host.workers.values()) {
		if (worker.endpointId !== endpointId || !acceptsJobs(worker)) continue;
		if (worker.takes.size > 0) return worker.id;
		some = worker.id;
	}
	return some === '' ? host.id : some;
}

/** null: it cannot be had now. */
async function fetchPayload(parts: IntakeParts, attempt: Attempt): Promise<Uint8Array | 'gone' | null> {
	const { host } = parts;
	const { id, epoch, token, payloadBytes } = attempt.job;
	for (let tries = 0; tries < PAYLOAD_TRIES; tries++) {
		try {
			const fetched = await parts.broker.fetchPayload(id, epoch, token);
			if (fetched.kind === 'gone') return 'gone';
			if (fetched.data.length === payloadBytes) return fetched.data;
			host.log.error('a payload has the wrong size', { job: attempt.key, expectedBytes: payloadBytes, bytes: fetched.data.length });
		} catch (error) {
			if (!(error instanceof BrokerError)) throw error;
			host.log.warn('a payload could not be fetched', { job: attempt.key, tries: tries + 1, error: error.message });
		}
		await pause(backoffMs(tries, 100, 2_000, host.clock.random()));
	}
	return null;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
