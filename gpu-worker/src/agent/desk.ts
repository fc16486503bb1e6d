/**
 * Brings jobs and open takes together: pulls exactly as many jobs as the takes of an endpoint have room for, at the moment the room
 * appears, and hands each message that arrives to one of them.
 */
import type { Bus, PulledMessage, PullStatus } from '../bus/bus.ts';
import { backoffMs } from '../core/backoff.ts';
import { bookEnd, bookHeartbeat, bookMessage, bookRequest, dropDead, forgetRequests, newPullAccount, outstanding, type PullAccount } from '../core/pull-account.ts';
import { shareOut } from '../core/share-out.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
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

interface Row {
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
/** For a worker whose order brought none; the broker says no. */
const NO_PERMIT = 'none';

/** Starts pulling for the takes that will be opened. */
export function createDesk(host: Host, bus: Bus, events: DeskEvents): JobDesk {
	return new Desk(host, bus, events);
}

class Desk implements JobDesk {
	readonly #host: Host;
	readonly #bus: Bus;
	readonly #events: DeskEvents;
	readonly #rows = new Map<string, Row>();
	readonly #dirty = new Set<Row>();
	readonly #keeps: Deadlines;
	readonly #watch: NodeJS.Timeout;
	#nextRequestId = 1;
	#down = false;

	constructor(host: Host, bus: Bus, events: DeskEvents) {
		this.#host = host;
		this.#bus = bus;
		this.#events = events;
		this.#keeps = createDeadlines(host.clock, (key) => this.#giveUpKept(key));
		this.#watch = setInterval(() => this.#dropDead(), Math.min(1_000, host.timers.pullHeartbeatMs));
		bus.onPulled({
			message: (endpointId, message) => this.#onMessage(endpointId, message),
			status: (endpointId, requestId, status) => this.#onStatus(this.#row(endpointId), requestId, status),
		});
		bus.onConnection(() => this.#startOver());
	}

	open(take: Take): void {
		const row = this.#row(take.worker.endpointId);
		row.takes.add(take);
		take.worker.takes.add(take);
		this.#touch(row);
		this.#events.roomChanged();
	}

	close(take: Take): void {
		if (!take.worker.takes.delete(take)) return;
		this.#rows.get(take.worker.endpointId)?.takes.delete(take);
		this.#events.roomChanged();
	}

	ready(job: ReadyJob): void {
		this.#row(job.attempt.job.endpointId).preparing--;
		this.#accept(job);
	}

	dropped(endpointId: string): void {
		const row = this.#row(endpointId);
		row.preparing--;
		this.#touch(row);
	}

	withdraw(attempt: Attempt): boolean {
		const row = this.#rows.get(attempt.job.endpointId);
		const job = row?.ready.find((candidate) => candidate.attempt === attempt);
		if (row === undefined || job === undefined) return false;
		this.#remove(row, job);
		this.#bus.ack(job.message);
		this.#touch(row);
		return true;
	}

	review(): void {
		for (const row of this.#rows.values()) {
			if (!hostAcceptsJobs(this.#host) || !hasWorkerFor(this.#host, row.endpointId)) this.#giveUpAll(row);
			this.#touch(row);
		}
	}

	shutDown(): void {
		this.#down = true;
		clearInterval(this.#watch);
		for (const row of this.#rows.values()) this.#giveUpAll(row);
		this.#keeps.close();
	}

	#row(endpointId: string): Row {
		let row = this.#rows.get(endpointId);
		if (row === undefined) {
			row = { endpointId, takes: new Set(), account: newPullAccount(), preparing: 0, ready: [], failures: 0, pullAfterMs: 0 };
			this.#rows.set(endpointId, row);
		}
		return row;
	}

	/** What happens in one turn of the loop (a burst of messages, of takes) is served together. */
	#touch(row: Row): void {
		if (this.#dirty.size === 0) setImmediate(() => this.#serveAll());
		this.#dirty.add(row);
	}

	#serveAll(): void {
		const rows = [...this.#dirty];
		this.#dirty.clear();
		if (this.#down) return;
		for (const row of rows) {
			if (row.ready.length > 0) this.#share(row);
			this.#pullMissing(row);
		}
	}

	#usableTakes(row: Row): Take[] {
		return hostAcceptsJobs(this.#host) ? [...row.takes].filter((take) => acceptsJobs(take.worker)) : [];
	}

	#share(row: Row): void {
		const takes = this.#usableTakes(row);
		const jobs = row.ready;
		row.ready = [];
		const given = new Map<Take, ReadyJob[]>();
		const choice = shareOut(
			jobs.map((job) => job.attempt.job.id),
			takes.map((take) => ({ room: take.room, load: occupancy(take.worker), refuses: (jobId) => take.worker.jobs.has(jobId) || take.worker.stopping.has(jobId) })),
		);
		for (const [index, job] of jobs.entries()) {
			const take = takes[choice[index] ?? -1];
			if (take === undefined) row.ready.push(job);
			else if (given.get(take)?.push(job) === undefined) given.set(take, [job]);
		}
		for (const [take, batch] of given) this.#hand(row, take, batch);
		if (row.ready.length > 0 && !hasWorkerFor(this.#host, row.endpointId)) this.#giveUpAll(row);
	}

	#hand(row: Row, take: Take, jobs: readonly ReadyJob[]): void {
		row.takes.delete(take);
		for (const job of jobs) {
			this.#keeps.clear(job.attempt.key);
			this.#events.handing(job, take);
		}
		const payloads = jobs.map((job) => job.payload);
		take.deliver(payloads, (delivered) => {
			for (const job of jobs) {
				if (delivered) this.#events.handed(job);
				else if (this.#events.returned(job, take)) this.#accept(job);
			}
		});
	}

	#accept(job: ReadyJob): void {
		const row = this.#row(job.attempt.job.endpointId);
		row.ready.push(job);
		this.#keeps.start(job.attempt.key, job.claimed ? CLAIMED_KEEP_MS : this.#host.timers.keepMs);
		this.#touch(row);
	}

	#remove(row: Row, job: ReadyJob): void {
		row.ready = row.ready.filter((other) => other !== job);
		this.#keeps.clear(job.attempt.key);
	}

	#giveUp(row: Row, job: ReadyJob): void {
		this.#remove(row, job);
		if (job.claimed) this.#events.untaken(job);
		else {
			this.#host.attempts.delete(job.attempt.key);
			this.#bus.nak(job.message, 0);
		}
		this.#touch(row);
	}

	#giveUpAll(row: Row): void {
		for (const job of [...row.ready]) this.#giveUp(row, job);
	}

	#giveUpKept(key: string): void {
		for (const row of this.#rows.values()) {
			const job = row.ready.find((candidate) => candidate.attempt.key === key);
			if (job !== undefined) this.#giveUp(row, job);
		}
	}

	#pullMissing(row: Row): void {
		let missing = -outstanding(row.account) - row.preparing - row.ready.length;
		for (const take of this.#usableTakes(row)) missing += take.room;
		const { clock, timers } = this.#host;
		const nowMs = clock.nowMs();
		if (missing <= 0 || !this.#bus.isConnected() || nowMs < row.pullAfterMs) return;
		const id = this.#nextRequestId++;
		bookRequest(row.account, id, missing, nowMs, nowMs + timers.pullExpiresMs + OVERDUE_MS);
		this.#bus.pull(row.endpointId, this.#host.permits.get(row.endpointId) ?? NO_PERMIT, id, missing, timers.pullExpiresMs, timers.pullHeartbeatMs);
	}

	#onMessage(endpointId: string, message: PulledMessage): void {
		const row = this.#row(endpointId);
		bookMessage(row.account, this.#host.clock.nowMs());
		row.failures = 0;
		row.preparing++;
		this.#events.arrived(endpointId, message);
	}

	#onStatus(row: Row, requestId: number, status: PullStatus): void {
		const nowMs = this.#host.clock.nowMs();
		if (status.kind === 'heartbeat') {
			row.failures = 0;
			bookHeartbeat(row.account, nowMs);
			return;
		}
		bookEnd(row.account, requestId, status.kind === 'ended' ? status.pending : null, nowMs);
		if (status.kind === 'absent' || status.backOff) this.#backOff(row, status.detail);
		else row.failures = 0;
		this.#touch(row);
	}

	#backOff(row: Row, detail: string): void {
		const { clock, log } = this.#host;
		const waitMs = backoffMs(row.failures++, 100, 2_000, clock.random());
		if (row.failures % 20 === 1) log.warn('a pull was refused, trying again', { endpointId: row.endpointId, detail });
		row.pullAfterMs = clock.nowMs() + waitMs;
		// Node cuts fractions off: a timer that comes early would find nothing to do, and none would follow.
		setTimeout(() => this.#touch(row), Math.ceil(waitMs) + 1).unref();
	}

	/** The connection is another one: what was asked on the old one will not come. */
	#startOver(): void {
		for (const row of this.#rows.values()) {
			forgetRequests(row.account);
			row.pullAfterMs = 0;
			this.#touch(row);
		}
	}

	#dropDead(): void {
		const nowMs = this.#host.clock.nowMs();
		for (const [endpointId, row] of this.#rows) {
			if (dropDead(row.account, nowMs, 2.5 * this.#host.timers.pullHeartbeatMs)) this.#touch(row);
			if (row.takes.size + row.preparing + row.ready.length + row.account.requests.length === 0) this.#rows.delete(endpointId);
		}
	}
}
