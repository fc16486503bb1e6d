/**
 * Brings jobs and open takes together: pulls exactly as many jobs as the takes of an endpoint have room for, at the moment the room
 * appears, and hands each message that arrives to one of them.
 */
import type { Bus, PulledMessage, PullStatus } from '../bus/bus.ts';
import { backoffMs } from '../core/backoff.ts';
import { bookEnd, bookHeartbeat, bookMessage, bookRequest, dropDead, forgetRequests, newPullAccount, outstanding, type PullAccount } from '../core/pull-account.ts';
import { shareOut } from '../core/share-out.ts';
import { createDeadlines } from './deadlines.ts';
import { type Host, hasWorkerFor, hostAcceptsJobs } from './host.ts';
import { type Attempt, acceptsJobs, occupancy, type Take } from './worker.ts';

/** A job that can be handed to a worker. */
export interface ReadyJob {
	readonly attempt: Attempt;
	readonly payload: Uint8Array;
	readonly message: PulledMessage;
	/** The edge granted it, so it counts as started and may not simply be given back. */
	readonly claimed: boolean;
}

interface Desk {
	readonly endpointId: string;
	readonly takes: Set<Take>;
	readonly account: PullAccount;
	/** Jobs that wait for a claim or for their payload. */
	preparing: number;
	ready: ReadyJob[];
	/** Pulls in a row that did no good. */
	failures: number;
	pullAfterMs: number;
}

/** What becomes of jobs is decided elsewhere. */
export interface DeskEvents {
	/** A message came in; `desk.ready` or `desk.dropped` must follow. */
	arrived(endpointId: string, message: PulledMessage): void;
	handing(job: ReadyJob, take: Take): void;
	handed(job: ReadyJob): void;
	/** The worker had gone before it had the job. True when the job still needs a worker. */
	returned(job: ReadyJob, take: Take): boolean;
	/** A granted job that no worker took in time. */
	untaken(job: ReadyJob): void;
	roomChanged(): void;
}

export interface JobDesk {
	open(take: Take): void;
	/** The take was answered or its connection is gone. */
	close(take: Take): void;
	/** A message that `arrived` can be handed out. */
	ready(job: ReadyJob): void;
	/** A message that `arrived` came to nothing. */
	dropped(endpointId: string): void;
	/** Takes a waiting job back out. False when it is not here. */
	withdraw(attempt: Attempt): boolean;
	/** Something changed that may allow or forbid handing out: look again at every endpoint. */
	review(): void;
	shutDown(): void;
}

/** A granted job waits this long for a take before the edge is told that it found none. */
const CLAIMED_KEEP_MS = 10_000;
/** A request that the server has not closed this long after its end is not known there. */
const OVERDUE_MS = 2_000;

/** Starts pulling for the takes that will be opened. */
export function createDesk(host: Host, bus: Bus, events: DeskEvents): JobDesk {
	const { clock, timers, log } = host;
	const desks = new Map<string, Desk>();
	const dirty = new Set<Desk>();
	let nextRequestId = 1;
	let down = false;

	const deskOf = (endpointId: string): Desk => {
		let desk = desks.get(endpointId);
		if (desk === undefined) {
			desk = { endpointId, takes: new Set(), account: newPullAccount(), preparing: 0, ready: [], failures: 0, pullAfterMs: 0 };
			desks.set(endpointId, desk);
		}
		return desk;
	};
	/** What happens in one turn of the loop (a burst of messages, of takes) is served together. */
	const touch = (desk: Desk): void => {
		if (dirty.size === 0) setImmediate(serveAll);
		dirty.add(desk);
	};
	const serveAll = (): void => {
		const all = [...dirty];
		dirty.clear();
		for (const desk of all) serve(desk);
	};
	const serve = (desk: Desk): void => {
		if (down) return;
		const takes = hostAcceptsJobs(host) ? [...desk.takes].filter((take) => acceptsJobs(take.worker)) : [];
		if (desk.ready.length > 0) share(desk, takes);
		pullMissing(
			desk,
			takes.filter((take) => desk.takes.has(take)),
		);
	};
	const share = (desk: Desk, takes: readonly Take[]): void => {
		const jobs = desk.ready;
		desk.ready = [];
		const given = new Map<Take, ReadyJob[]>();
		const choice = shareOut(
			jobs.map((job) => job.attempt.job.id),
			takes.map((take) => ({ room: take.room, load: occupancy(take.worker), refuses: (jobId) => take.worker.jobs.has(jobId) || take.worker.stopping.has(jobId) })),
		);
		for (const [index, job] of jobs.entries()) {
			const take = takes[choice[index] ?? -1];
			if (take === undefined) desk.ready.push(job);
			else if (given.get(take)?.push(job) === undefined) given.set(take, [job]);
		}
		for (const [take, batch] of given) hand(desk, take, batch);
		if (desk.ready.length > 0 && !hasWorkerFor(host, desk.endpointId)) for (const job of [...desk.ready]) giveUp(desk, job);
	};
	const hand = (desk: Desk, take: Take, jobs: readonly ReadyJob[]): void => {
		desk.takes.delete(take);
		for (const job of jobs) {
			keeps.clear(job.attempt.key);
			events.handing(job, take);
		}
		take.deliver(
			jobs.map((job) => job.payload),
			(delivered) => {
				for (const job of jobs) {
					if (delivered) events.handed(job);
					else if (events.returned(job, take)) accept(job);
				}
			},
		);
	};
	const accept = (job: ReadyJob): void => {
		const desk = deskOf(job.attempt.job.endpointId);
		desk.ready.push(job);
		keeps.start(job.attempt.key, job.claimed ? CLAIMED_KEEP_MS : timers.keepMs);
		touch(desk);
	};
	const giveUp = (desk: Desk, job: ReadyJob): void => {
		desk.ready = desk.ready.filter((other) => other !== job);
		keeps.clear(job.attempt.key);
		if (job.claimed) events.untaken(job);
		else {
			host.attempts.delete(job.attempt.key);
			bus.nak(job.message, 0);
		}
		touch(desk);
	};
	const keeps = createDeadlines(clock, (key) => {
		for (const desk of desks.values()) {
			const job = desk.ready.find((candidate) => candidate.attempt.key === key);
			if (job !== undefined) giveUp(desk, job);
		}
	});
	const pullMissing = (desk: Desk, takes: readonly Take[]): void => {
		let missing = -outstanding(desk.account) - desk.preparing - desk.ready.length;
		for (const take of takes) missing += take.room;
		const nowMs = clock.nowMs();
		if (missing <= 0 || !bus.isConnected() || nowMs < desk.pullAfterMs) return;
		const id = nextRequestId++;
		bookRequest(desk.account, id, missing, nowMs, nowMs + timers.pullExpiresMs + OVERDUE_MS);
		bus.pull(desk.endpointId, id, missing, timers.pullExpiresMs, timers.pullHeartbeatMs);
	};
	const backOff = (desk: Desk, detail: string): void => {
		const waitMs = backoffMs(desk.failures++, 100, 2_000, clock.random());
		if (desk.failures % 20 === 1) log.warn('a pull was refused, trying again', { endpointId: desk.endpointId, detail });
		desk.pullAfterMs = clock.nowMs() + waitMs;
		setTimeout(() => touch(desk), waitMs + 1).unref();
	};
	const onStatus = (desk: Desk, requestId: number, status: PullStatus): void => {
		const nowMs = clock.nowMs();
		if (status.kind === 'heartbeat') {
			desk.failures = 0;
			return bookHeartbeat(desk.account, nowMs);
		}
		bookEnd(desk.account, requestId, status.kind === 'ended' ? status.pending : null, nowMs);
		if (status.kind === 'absent' || status.backOff) backOff(desk, status.detail);
		else desk.failures = 0;
		touch(desk);
	};
	bus.onPulled({
		message(endpointId, message) {
			const desk = deskOf(endpointId);
			bookMessage(desk.account, clock.nowMs());
			desk.failures = 0;
			desk.preparing++;
			events.arrived(endpointId, message);
		},
		status: (endpointId, requestId, status) => onStatus(deskOf(endpointId), requestId, status),
	});
	bus.onConnection(() => {
		for (const desk of desks.values()) {
			forgetRequests(desk.account);
			desk.pullAfterMs = 0;
			touch(desk);
		}
	});
	const watch = setInterval(
		() => {
			const nowMs = clock.nowMs();
			for (const [endpointId, desk] of desks) {
				if (dropDead(desk.account, nowMs, 2.5 * timers.pullHeartbeatMs)) touch(desk);
				if (desk.takes.size + desk.preparing + desk.ready.length + desk.account.requests.length === 0) desks.delete(endpointId);
			}
		},
		Math.min(1_000, timers.pullHeartbeatMs),
	);

	return {
		open(take) {
			const desk = deskOf(take.worker.endpointId);
			desk.takes.add(take);
			take.worker.takes.add(take);
			touch(desk);
			events.roomChanged();
		},
		close(take) {
			if (!take.worker.takes.delete(take)) return;
			desks.get(take.worker.endpointId)?.takes.delete(take);
			events.roomChanged();
		},
		ready(job) {
			deskOf(job.attempt.job.endpointId).preparing--;
			accept(job);
		},
		dropped(endpointId) {
			const desk = deskOf(endpointId);
			desk.preparing--;
			touch(desk);
		},
		withdraw(attempt) {
			const desk = desks.get(attempt.job.endpointId);
			const job = desk?.ready.find((candidate) => candidate.attempt === attempt);
			if (desk === undefined || job === undefined) return false;
			desk.ready = desk.ready.filter((other) => other !== job);
			keeps.clear(attempt.key);
			bus.ack(job.message);
			touch(desk);
			return true;
		},
		review() {
			for (const desk of desks.values()) {
				if (!hostAcceptsJobs(host) || !hasWorkerFor(host, desk.endpointId)) for (const job of [...desk.ready]) giveUp(desk, job);
				touch(desk);
			}
		},
		shutDown() {
			down = true;
			clearInterval(watch);
			for (const desk of desks.values()) for (const job of [...desk.ready]) giveUp(desk, job);
			keeps.close();
		},
	};
}
