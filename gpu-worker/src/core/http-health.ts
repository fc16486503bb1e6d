/** Whether a load-balanced worker may get requests, from what its health path says. RunPod's rules: 200 healthy, 204 initializing, anything else unhealthy. */

/** One look at the health path. `silent`: no answer. `busy`: no answer in time while requests are in hand: an app of one thread answers nothing then. */
export type HealthSign = { readonly kind: 'status'; readonly status: number } | { readonly kind: 'silent' } | { readonly kind: 'busy' };

export interface Health {
	readonly state: 'initializing' | 'healthy' | 'unhealthy';
	readonly everHealthy: boolean;
	/** Looks in a row without an answer. */
	readonly misses: number;
	/** When it was started, or stopped being healthy. ms. */
	readonly notHealthySinceMs: number;
	/** First 204; null: none yet. With the first 200 it makes RunPod's cold start. ms. */
	readonly firstInitializingMs: number | null;
}

export interface HealthLimits {
	/** For the first 200, from the start. */
	readonly startMs: number;
	/** For the next one, after it was lost. */
	readonly lostMs: number;
}

/** A worker that answered before is taken for unhealthy after this many looks without an answer: one may get lost. */
const MISSES_MAX = 3;

/** Of a worker that was started just now. */
export function newHealth(nowMs: number): Health {
	return { state: 'initializing', everHealthy: false, misses: 0, notHealthySinceMs: nowMs, firstInitializingMs: null };
}

/** After one more look. */
export function nextHealth(before: Health, sign: HealthSign, nowMs: number): Health {
	if (sign.kind === 'busy') return before;
	if (sign.kind === 'silent') {
		const misses = before.misses + 1;
		// Before the first word nobody listens yet: that is no illness.
		const isLost = before.state === 'healthy' ? misses >= MISSES_MAX : before.everHealthy;
		return isLost ? { ...leave(before, nowMs), state: 'unhealthy', misses } : { ...before, misses };
	}
	if (sign.status === 200) return { ...before, state: 'healthy', everHealthy: true, misses: 0 };
	if (sign.status === 204) return { ...leave(before, nowMs), state: 'initializing', misses: 0, firstInitializingMs: before.firstInitializingMs ?? nowMs };
	return { ...leave(before, nowMs), state: 'unhealthy', misses: 0 };
}

/** Why a worker that has not been healthy for too long is to be ended; null while there is hope. */
export function hopeless(health: Health, limits: HealthLimits, nowMs: number): string | null {
	if (health.state === 'healthy') return null;
	const limitMs = health.everHealthy ? limits.lostMs : limits.startMs;
	if (nowMs - health.notHealthySinceMs < limitMs) return null;
	return health.everHealthy ? `not healthy for ${limitMs} ms` : `not healthy within ${limitMs} ms of its start`;
}

function leave(before: Health, nowMs: number): Health {
	return before.state === 'healthy' ? { ...before, notHealthySinceMs: nowMs } : before;
}
