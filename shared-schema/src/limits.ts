/** Every number that bounds something from outside, with its reason. Settings that an operator may change are in `config/`. */

/** RunPod accepts up to 10 MB on `/run` (public operation reference). Bytes. */
export const RUN_BODY_BYTES_MAX = 10 * 1024 * 1024;
/** RunPod accepts up to 20 MB on `/runsync`. Bytes. */
export const RUNSYNC_BODY_BYTES_MAX = 20 * 1024 * 1024;
/** Largest result that a worker may post; beyond it the job FAILS with a size error. Bytes. */
export const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;
/** A payload up to this size travels inside the dispatch and the JetStream message; a larger one is fetched by pointer. Bytes. */
export const INLINE_PAYLOAD_BYTES_MAX = 64 * 1024;
/** A result up to this size travels inside its event; a larger one is uploaded to the edge first. Bytes. */
export const INLINE_OUTPUT_BYTES_MAX = 128 * 1024;
/** Payload and result text up to this size is a column of the job's row; a larger one lies in chunk rows. Bytes. */
export const ROW_TEXT_BYTES_MAX = 16 * 1024;
/** Size of one chunk row: SQLite rows in a Durable Object end at 2 MB. Bytes. */
export const CHUNK_ROW_BYTES = 1024 * 1024;
/** Error texts are cut here so that a traceback cannot fill a row. Characters. */
export const ERROR_TEXT_CHARS_MAX = 32 * 1024;
/** RunPod's limit of one stream chunk, 1 MB; a larger one is split at this size. Bytes. */
export const STREAM_CHUNK_BYTES_MAX = 1_000_000;
/** Nesting of a request body; beyond it engines fail in stringify. Levels. */
export const JSON_DEPTH_MAX = 128;

/** `policy.executionTimeout` (RunPod): 5 s to 7 days, default 600 s. */
export const EXECUTION_TIMEOUT_MS: Bounds = { min: 5_000, max: 604_800_000, default: 600_000 };
/** `policy.ttl` (RunPod): 10 s to 7 days, default 24 h, from submission. */
export const TTL_MS: Bounds = { min: 10_000, max: 604_800_000, default: 86_400_000 };
/** `?wait=` of held calls (RunPod): 1 s to 5 min, default 90 s. */
export const SYNC_WAIT_MS: Bounds = { min: 1_000, max: 300_000, default: 90_000 };
/** `?wait=` of `/stream`. RunPod holds up to 10 s; its Python client gives up a call after 10 s without a byte, so ours answers before that. */
export const STREAM_WAIT_MS: Bounds = { min: 1_000, max: 300_000, default: 9_000 };
/** Idle timeout of a worker in seconds (RunPod): 1 to 3600, default 5. */
export const IDLE_TIMEOUT_S: Bounds = { min: 1, max: 3_600, default: 5 };

/** Body of a load-balanced request, and of its answer (RunPod: 30 MB). Bytes. */
export const BALANCED_BODY_BYTES_MAX = 30 * 1024 * 1024;
/** Requests of one endpoint that wait for a worker at one broker: each holds a connection. */
export const BALANCER_WAITING_MAX = 2_000;
/** A socket (WebSocket) through which nothing has passed for this long is no work: its worker counts as idle and may be stopped. ms. */
export const SOCKET_IDLE_MS = 10_000;

/** Body of a management call. Bytes. */
export const MANAGE_BODY_BYTES_MAX = 1024 * 1024;
/** Words of a start command. */
export const COMMAND_WORDS_MAX = 100;
/** Characters of one word of a start command. */
export const COMMAND_WORD_CHARS_MAX = 4_000;
/** Names of environment variables. */
export const ENV_NAME_PATTERN: RegExp = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Characters of one variable's value: Linux takes 128 KiB a string. */
export const ENV_VALUE_CHARS_MAX = 32_768;
/** Characters of all variables of an endpoint: they travel in one message on a region's NATS. */
export const ENV_CHARS_MAX = 131_072;
/** GPUs of one worker: the largest machines have 16. */
export const GPUS_PER_WORKER_MAX = 16;
/** Virtual CPUs of one CPU worker. */
export const VCPUS_PER_WORKER_MAX = 256;
/** Workers of one endpoint. */
export const WORKERS_MAX = 1_000;
/** Disk of a worker's container in GB. */
export const CONTAINER_DISK_GB: Bounds = { min: 1, max: 10_000, default: 20 };
/** Ports of a worker that are reachable from outside. */
export const PORTS_MAX = 20;
/** What a worker's host still has to bring before it runs, in words. Characters. */
export const WORKER_PREPARING_CHARS_MAX = 300;
/** `<port>/http` or `<port>/tcp`, ports 1 to 65535. */
export const PORT_PATTERN: RegExp = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])\/(http|tcp)$/;
/** CUDA versions, major and minor. */
export const CUDA_VERSION_PATTERN: RegExp = /^\d{1,3}\.\d{1,3}$/;
/** Releases of an endpoint that are kept; the oldest go first. */
export const RELEASES_KEPT_MAX = 100;

/** Jobs in one dispatch batch. */
export const DISPATCH_BATCH_JOBS_MAX = 256;
/** Bytes of one dispatch batch's body. */
export const DISPATCH_BATCH_BYTES_MAX = 1024 * 1024;
/** Events in one batch from a region. */
export const EVENT_BATCH_MAX = 512;
/** Bytes of one event batch's body (one JetStream message holds at most EVENT_MESSAGE_BYTES_MAX). */
export const EVENT_BATCH_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of one message on a region's bus: NATS' default max_payload. */
export const BUS_MESSAGE_BYTES_MAX = 1024 * 1024;
/** Events are gathered in one message up to this size; one alone may be larger, as far as a message goes. Bytes. */
export const EVENT_MESSAGE_BYTES_MAX = 512 * 1024;
/** Body of any other region request. Bytes. */
export const REGION_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Workers in one report of usage; a host with more sends several. */
export const USAGE_WORKERS_MAX = 500;
/** Ended workers whose last figures a host keeps for the edge while it cannot be reached; the oldest go first. */
export const USAGE_ENDED_MAX = 10_000;
/** Workers that an endpoint may keep beyond those that its jobs need. */
export const SPARE_WORKERS_MAX = 100;
/** Rows of a shard in which jobs are looked for that a worker had in hand at the same time as one whose cost is asked for. */
export const COST_ROWS_LOOKED_AT = 20_000;
/** Jobs asked about in one inventory request. */
export const INVENTORY_BATCH_MAX = 256;
/** A job message that its host did not take is delivered to another one after this: the host died with it in its hands. */
export const JOB_ACK_WAIT_MS = 10_000;
/** Why an operator takes a GPU out or ends a worker. Characters. */
export const QUARANTINE_REASON_CHARS_MAX = 200;
/** How long a host's enrolment token can be redeemed. Seconds. */
export const ENROL_TOKEN_S: Bounds = { min: 60, max: 86_400, default: 3_600 };
/** Age at which a signed region request is refused, either way. */
export const SIGNATURE_WINDOW_MS = 60_000;
/** Queue limit (RunPod): refused when queued > 50 and queued > workersMax × 500. */
export const QUEUE_LIMIT_BASE = 50;
export const QUEUE_LIMIT_PER_WORKER = 500;
/** A take is held at most this long: the worker SDK gives up at 90 s, and an idle worker must make at most 10 takes a minute. */
export const TAKE_HOLD_MS = 50_000;
/** JobStore objects of one endpoint at most: the shard is two digits of the job id. */
export const JOB_SHARDS_MAX = 64;
/**
 * RunPod's base limits of each route, per caller and endpoint (public operation reference; routes without a published limit have that
 * of their kind). RunPod raises a limit to running workers × a part that it does not publish: ours is a tenth of the base.
 */
export const RATE_LIMITS = {
	run: { per10s: 1_000, concurrent: 200, workerShare: 0.1 },
	runsync: { per10s: 2_000, concurrent: 400, workerShare: 0.1 },
	status: { per10s: 2_000, concurrent: 400, workerShare: 0.1 },
	'status-sync': { per10s: 2_000, concurrent: 400, workerShare: 0.1 },
	stream: { per10s: 2_000, concurrent: 400, workerShare: 0.1 },
	openai: { per10s: 2_000, concurrent: 400, workerShare: 0.1 },
	cancel: { per10s: 100, concurrent: 20, workerShare: 0.1 },
	retry: { per10s: 100, concurrent: 20, workerShare: 0.1 },
	'purge-queue': { per10s: 2, concurrent: 2, workerShare: 0 },
	requests: { per10s: 10, concurrent: 2, workerShare: 0 },
	/** RunPod publishes none: ours keeps one caller from taking all of the edge. */
	'load-balancer': { per10s: 10_000, concurrent: 2_000, workerShare: 0.1 },
} as const satisfies Record<string, RateLimit>;
/** Routes that have a limit of their own. */
export type RateRoute = keyof typeof RATE_LIMITS;
/** Batches of an endpoint that are not over yet (RunPod). */
export const ACTIVE_BATCHES_MAX = 10;
/** Requests of one batch (RunPod). */
export const BATCH_REQUESTS_MAX = 5_000;
/** Requests of all batches of an endpoint that have not ended (RunPod). */
export const BATCH_QUEUED_MAX = 50_000;
/** Body of one call that adds requests (RunPod: 10 MiB). Bytes. */
export const BATCH_BODY_BYTES_MAX = 10 * 1024 * 1024;
/** Jobs of an endpoint's batches that are with its job stores at one time: the rest waits in the batch, so that single jobs get through. */
export const BATCH_JOBS_AT_ONCE = 64;
/** Names that people give things (RunPod's limit of an endpoint's name). Characters. */
export const NAME_CHARS_MAX = 191;
/** API keys of one account: they are looked up by hash, the list is read whole. */
export const ACCOUNT_KEYS_MAX = 500;
/** Endpoints that one key can be limited to: they are compared at every call. */
export const KEY_ENDPOINTS_MAX = 100;
/** Templates, network volumes, registry credentials and secrets of one account: each list is read whole. */
export const ACCOUNT_THINGS_MAX: Readonly<Record<'template' | 'volume' | 'registry' | 'secret', number>> = { template: 500, volume: 200, registry: 100, secret: 200 };
/** Size of a network volume in GB (RunPod v2); it can only grow. */
export const VOLUME_GB: { readonly min: number; readonly max: number } = { min: 10, max: 4_096 };
/** Characters of a secret's value: it becomes part of an environment variable. */
export const SECRET_VALUE_CHARS_MAX = 32_768;
/** Secrets' names (RunPod): they stand in references. */
export const SECRET_NAME_PATTERN: RegExp = /^[A-Za-z_][A-Za-z0-9_.\-/]{0,190}$/;
/** Characters of a registry's user name or password; cloud registries hand out tokens of some thousand. */
export const CREDENTIAL_CHARS_MAX = 10_000;
/** Characters of a template's read-me and of a secret's description. */
export const DESCRIPTION_CHARS_MAX = 65_535;
/** Accounts in one answer of the operator's list. */
export const ACCOUNT_LIST_MAX = 100;
/** A broker's wait for the edge's verdicts on events that came the short way. ms. */
export const REPORT_POST_MS = 4_000;
/** A host's wait for them: longer than the broker's, so that it hears of a failure before it gives up. ms. */
export const REPORT_ANSWER_MS = 5_000;
/** Causes of deletion that a job store remembers beyond the end of a retention: the newest ones. */
export const GONE_JOBS_MAX = 10_000;
/** `org/name@revision` in a host's report; a longer one is left out of it. Characters. */
export const MODEL_KEY_CHARS_MAX = 200;
/** Models that a host names in its report, those used last first. */
export const HOST_MODELS_MAX = 100;
/** Downloads of models that a host names in its report. */
export const HOST_DOWNLOADS_MAX = 20;
/** Network volumes whose use a host names in its report. */
export const HOST_VOLUMES_MAX = 200;
/** Files of one model: the hub's largest have some thousand. */
export const MODEL_FILES_MAX = 20_000;
/** A file's path within its model. Characters. */
export const MODEL_PATH_CHARS_MAX = 1_000;
/** A line of a worker's log; a longer one is cut. Characters. */
export const LOG_LINE_CHARS_MAX = 4_000;
/** Log lines in one answer. */
export const LOG_PAGE_LINES_MAX = 1_000;
/** About as much text in one answer: it fits a NATS message (1 MiB) whatever is in it. Bytes. */
export const LOG_PAGE_BYTES_MAX = 512 * 1024;
/** Newest log lines that a reader begins with (RunPod's). */
export const LOG_TAIL: Bounds = { min: 1, max: 5_000, default: 100 };
/** How long a host holds a reader that waits for new lines: below the 30 s in which it may answer. ms. */
export const LOG_WAIT_MS_MAX = 20_000;
/** A worker's log file is set aside at this size, so its log takes at most twice as much. Bytes. */
export const WORKER_LOG_BYTES_MAX = 4 * 1024 * 1024;
/** Logs of past workers are kept on their host for as long as this. ms. */
export const LOG_KEEP_MS = 86_400_000;
/** All logs of a host; past workers' oldest go first. Bytes. */
export const HOST_LOG_BYTES_MAX = 512 * 1024 * 1024;
/** Workers that FlashBoot keeps frozen on one host: each is a line of every host report, and memory bounds them long before. */
export const FROZEN_WORKERS_MAX = 64;
/** A frozen worker that nobody wanted for this long goes: shorter than its bill is remembered, and what it knows of the world grows old. ms. */
export const FROZEN_KEEP_MS = 86_400_000;
/** Bodies from this size on wait for room in the edge's isolate. Bytes. */
export const LARGE_BODY_BYTES_MIN = 1024 * 1024;
/** Bytes of large bodies in an isolate at one time: two of the largest. Each is there several times over, and Cloudflare gives an isolate 128 MiB. */
export const LARGE_BODIES_BYTES_MAX = 40 * 1024 * 1024;
/** Ids in paths and subjects: one shape, checked before anything is looked up (NATS subjects have no escape). */
export const ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,64}$/;

/** Requests in ten seconds, requests at one time, and the part of either that one running worker stands for. */
export interface RateLimit {
	readonly per10s: number;
	readonly concurrent: number;
	readonly workerShare: number;
}

/** An inclusive range with the value used when nothing is said. */
export interface Bounds {
	readonly min: number;
	readonly max: number;
	readonly default: number;
}
