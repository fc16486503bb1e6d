/** When a webhook is tried again, and what counts as delivered. Pure. */

/** `runpod`: as RunPod does. `durable`: over the whole retention of the job's result. */
export type WebhookProfile = 'runpod' | 'durable';

/** How a try ended; `status` is null when no answer came. */
export interface TryResult {
	readonly status: number | null;
	readonly retryAfterMs: number | null;
}

/** A delivery as the schedule sees it. */
export interface Delivery {
	/** Tries made, the one that has just ended included. */
	readonly tries: number;
	/** When the job ended, or its webhook was replayed. */
	readonly since: number;
	/** How long the job's result is kept in all. */
	readonly retentionMs: number;
}

/** The end of a delivery, or when to try again. */
export type NextStep = 'delivered' | 'failed' | { readonly at: number };

/** RunPod: two more tries, 10 s apart (the base). */
const RUNPOD_TRIES_MAX = 3;
/** The base that the times below are written for. */
const BASE_MS = 10_000;
/** Tries after the first one, from the job's end, for a retention of 30 minutes; another retention stretches them. */
const DURABLE_OFFSETS_MS: readonly number[] = [5_000, 30_000, 120_000, 300_000, 900_000, 1_500_000];
const DURABLE_RETENTION_MS = 1_800_000;
/** Share of a pause by which it is shortened or lengthened, so that receivers that failed together are not called together. */
const JITTER = 0.1;
const GONE = 410;

/** `random` lies in [0, 1); `baseMs` is the pause of the `runpod` profile and scales the `durable` one. */
export function nextStep(profile: WebhookProfile, result: TryResult, delivery: Delivery, now: number, baseMs: number, random: number): NextStep {
	return profile === 'runpod' ? nextRunpod(result, delivery, now, baseMs) : nextDurable(result, delivery, now, baseMs, random);
}

function nextRunpod({ status }: TryResult, { tries }: Delivery, now: number, baseMs: number): NextStep {
	if (status === 200) return 'delivered';
	return tries < RUNPOD_TRIES_MAX ? { at: now + baseMs } : 'failed';
}

function nextDurable({ status, retryAfterMs }: TryResult, { tries, since, retentionMs }: Delivery, now: number, baseMs: number, random: number): NextStep {
	if (status !== null && status >= 200 && status < 300) return 'delivered';
	const offsetMs = DURABLE_OFFSETS_MS[tries - 1];
	if (status === GONE || offsetMs === undefined) return 'failed';
	const scale = (retentionMs / DURABLE_RETENTION_MS) * (baseMs / BASE_MS);
	const before = (DURABLE_OFFSETS_MS[tries - 2] ?? 0) * scale;
	// A slow try or a late alarm moves the rest: the pause between two tries is never shorter than planned.
	const pauseMs = (offsetMs * scale - before) * (1 + JITTER * (2 * random - 1));
	return { at: Math.ceil(Math.max(since + before + pauseMs, now + Math.max(retryAfterMs ?? 0, Math.min(pauseMs, baseMs)))) };
}
