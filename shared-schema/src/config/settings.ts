/** Settings shared by the processes: every timer that an operator may change or a test must shorten, with its production default. */
import * as z from 'zod';

const ms = (defaultMs: number): z.ZodDefault<z.ZodCoercedNumber> =>
	z.coerce
		.number()
		.min(1)
		.max(31 * 86_400_000)
		.default(defaultMs);

/**
 * Timers of a region, same names on brokers and agents. Relations that hold: agent lease + kill time < host lease;
 * fence < the edge's region lease.
 */
export const regionTimers = {
	/** Host → brokers, all state. */
	LONGSHORE_HOST_REPORT_MS: ms(2_000),
	/** A host without an acknowledged report for this long stops its jobs (self-fencing). */
	LONGSHORE_AGENT_LEASE_MS: ms(20_000),
	/** A host that the broker has not heard for this long is given up. */
	LONGSHORE_HOST_LEASE_MS: ms(35_000),
	/** Broker → edge. */
	LONGSHORE_REGION_HEARTBEAT_MS: ms(3_000),
	/** A region that the edge has not answered for this long stops its jobs. Below the edge's `LONGSHORE_REGION_LEASE_MS`. */
	LONGSHORE_REGION_FENCE_MS: ms(90_000),
	/** SIGTERM to SIGKILL of a worker whose jobs were stopped. */
	LONGSHORE_KILL_GRACE_MS: ms(5_000),
	/** SIGTERM to SIGKILL of a worker that is drained. */
	LONGSHORE_STOP_GRACE_MS: ms(30_000),
	/** A frozen worker that was thawed and has not asked for work by then is started afresh. */
	LONGSHORE_THAW_MS: ms(10_000),
	/** Host → edge, times of its workers; a worker's end is told at once. What a dying host had not told is not billed. */
	LONGSHORE_USAGE_REPORT_MS: ms(5_000),
	/** An event without a verdict is published again. */
	LONGSHORE_EVENT_RETRY_MS: ms(15_000),
	/** How often a host measures a network volume that its workers use. */
	LONGSHORE_VOLUME_USAGE_MS: ms(300_000),
	/** A load-balanced request gets this long from its worker, to the end of the answer (RunPod: 5.5 min). */
	LONGSHORE_BALANCER_REQUEST_MS: ms(330_000),
	/** How often the health of a load-balanced worker is asked. */
	LONGSHORE_HEALTH_CHECK_MS: ms(1_000),
	/** A load-balanced worker that has not become healthy by then is ended (RunPod: about 8 min). */
	LONGSHORE_HEALTH_START_MS: ms(480_000),
	/** One that was healthy and is not any more is ended after this. */
	LONGSHORE_HEALTH_LOST_MS: ms(60_000),
} as const;

/** Timers of the edge. */
export const edgeTimers = {
	/** A load-balanced request waits this long for a worker (RunPod: 2 min). */
	LONGSHORE_BALANCER_WAIT_MS: ms(120_000),
	/** The same for one that insists on a certain worker (RunPod: 5 min). */
	LONGSHORE_BALANCER_STRICT_WAIT_MS: ms(300_000),
	LONGSHORE_RETENTION_ASYNC_MS: ms(1_800_000),
	LONGSHORE_RETENTION_SYNC_MS: ms(60_000),
	/** A first delivery younger than this starts without a claim. */
	LONGSHORE_START_WITHIN_MS: ms(60_000),
	/** A dispatch without an answer is sent again. */
	LONGSHORE_DISPATCH_CONFIRM_MS: ms(20_000),
	/** How often the edge asks a region about queued attempts that did not start. */
	LONGSHORE_SWEEP_MS: ms(60_000),
	/** A region without a heartbeat for this long is given up and its jobs move. Above `LONGSHORE_START_WITHIN_MS`. */
	LONGSHORE_REGION_LEASE_MS: ms(120_000),
	/** The edge's own watch on a running job is its execution timeout plus this. */
	LONGSHORE_WATCHDOG_GRACE_MS: ms(15_000),
	/** Pause between a webhook's tries in RunPod's profile; the durable profile's times stretch and shrink with it. */
	LONGSHORE_WEBHOOK_RETRY_MS: ms(10_000),
	/** A webhook's receiver has this long to answer. */
	LONGSHORE_WEBHOOK_TIMEOUT_MS: ms(30_000),
	/** How long a Durable Object trusts its copy of the region directory. */
	LONGSHORE_DIRECTORY_CACHE_MS: ms(1_000),
	/** A batch and its results are kept this long after its last request has ended, a draft after its last change. */
	LONGSHORE_RETENTION_BATCH_MS: ms(86_400_000),
	/** A batch's jobs that could not be handed to their store, a full queue or a restart, are tried again after this. */
	LONGSHORE_BATCH_RETRY_MS: ms(5_000),
	/** A streaming OpenAI call waits this long for its first chunk before its status leaves: until then an error is a real one. */
	LONGSHORE_OPENAI_STREAM_HOLD_MS: ms(10_000),
	/** The same for an OpenAI call that does not stream. Below the 60 s after which common proxies give up. */
	LONGSHORE_OPENAI_HOLD_MS: ms(30_000),
	/** An OpenAI call that does not stream is answered with an error when its job has not ended by then. */
	LONGSHORE_OPENAI_CALL_MS: ms(300_000),
	/** Sign of life on a held OpenAI call. A client that has left is noticed by the first that cannot be written. */
	LONGSHORE_OPENAI_KEEP_ALIVE_MS: ms(5_000),
} as const;
