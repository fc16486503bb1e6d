/**
 * Keeps count of the jobs that one endpoint's pull requests may still bring. JetStream serves the open requests of a consumer in
 * turn and does not say which one a message belongs to, so messages are booked on the oldest; each expiry notice names the true
 * rest of its request and corrects the booking.
 */

/** One pull request that may still deliver. */
export interface PullRequest {
	readonly id: number;
	readonly batch: number;
	remaining: number;
	/** The server has surely closed it then. */
	readonly overAtMs: number;
}

/** All open requests of one endpoint, oldest first, and when the server was last heard on any of them. */
export interface PullAccount {
	requests: PullRequest[];
	heardAtMs: number;
}

/** An account without requests. */
export function newPullAccount(): PullAccount {
	return { requests: [], heardAtMs: 0 };
}

/** Jobs that open requests may still bring. */
export function outstanding(account: PullAccount): number {
	let sum = 0;
	for (const request of account.requests) sum += request.remaining;
	return sum;
}

/** Books a request that is about to be sent. */
export function bookRequest(account: PullAccount, id: number, batch: number, nowMs: number, overAtMs: number): void {
	if (account.requests.length === 0) account.heardAtMs = nowMs;
	account.requests.push({ id, batch, remaining: batch, overAtMs });
}

/** Books one delivered message on the oldest request. */
export function bookMessage(account: PullAccount, nowMs: number): void {
	account.heardAtMs = nowMs;
	const oldest = account.requests[0];
	if (oldest !== undefined && --oldest.remaining === 0) account.requests.shift();
}

/** Closes request `id`, of which the server says that `pending` messages were not delivered (null: it does not say). */
export function bookEnd(account: PullAccount, id: number, pending: number | null, nowMs: number): void {
	account.heardAtMs = nowMs;
	const at = account.requests.findIndex((request) => request.id === id);
	const ended = account.requests[at];
	if (ended === undefined) {
		// Booked away already, so its messages were counted twice: another request has brought fewer than booked.
		if (pending !== null) moveBookings(account, -pending);
		return;
	}
	account.requests.splice(at, 1);
	if (pending !== null) moveBookings(account, ended.remaining - pending);
}

/** Notes a heartbeat. */
export function bookHeartbeat(account: PullAccount, nowMs: number): void {
	account.heardAtMs = nowMs;
}

/** Forgets everything: the connection or the server was replaced, open requests died with it. */
export function forgetRequests(account: PullAccount): void {
	account.requests = [];
}

/** Drops requests that must be over by now, and all of them when the server has missed its heartbeats. True when any was dropped. */
export function dropDead(account: PullAccount, nowMs: number, silenceMs: number): boolean {
	const before = account.requests.length;
	if (before === 0) return false;
	account.requests = nowMs - account.heardAtMs > silenceMs ? [] : account.requests.filter((request) => request.overAtMs > nowMs);
	return account.requests.length < before;
}

/** Shifts `count` outstanding jobs onto the open requests, newest first (positive), or off them, oldest first (negative). */
function moveBookings(account: PullAccount, count: number): void {
	let left = Math.abs(count);
	const order = count > 0 ? [...account.requests].reverse() : account.requests;
	for (const request of order) {
		const step = Math.min(left, count > 0 ? request.batch - request.remaining : request.remaining);
		request.remaining += count > 0 ? step : -step;
		left -= step;
	}
	account.requests = account.requests.filter((request) => request.remaining > 0);
}
