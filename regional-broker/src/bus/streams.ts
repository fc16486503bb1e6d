/** The region's streams, consumers and bucket: their settings, and provisioning by look, create when absent, compare, update. Uses nothing newer than nats-server 2.9. */
import { BUS_MESSAGE_BYTES_MAX, INLINE_PAYLOAD_BYTES_MAX, JOB_ACK_WAIT_MS } from '@longshore/shared-schema/limits';
import { EVENTS_STREAM, EVENTS_SUBJECTS, endpointConsumer, JOBS_STREAM, JOBS_SUBJECTS, jobsOfEndpoint, RELAY_CONSUMER } from '@longshore/shared-schema/wire/subjects';
import {
	AckPolicy,
	type ConsumerConfig,
	DeliverPolicy,
	DiscardPolicy,
	type JetStreamManager,
	NatsError,
	nanos,
	ReplayPolicy,
	RetentionPolicy,
	StorageType,
	type StreamConfig,
} from 'nats';

const HOUR_MS = 3_600_000;
/** Room for a message's head line and headers beside its payload. */
const HEAD_BYTES_MAX = 64 * 1024;
const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;

type StreamSettings = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;
type ConsumerSettings = Partial<ConsumerConfig> & Pick<ConsumerConfig, 'durable_name'>;

/**
 * Settings of both streams. `discard: new` because `old` would delete undelivered work; every bound is set because an
 * unbounded stream that fills its disk hangs the server instead of refusing.
 */
export function streamSettings(replicas: number, eventRetryMs: number): StreamSettings[] {
	const common = { storage: StorageType.File, discard: DiscardPolicy.New, num_replicas: replicas, max_consumers: -1 } as const;
	return [
		{
			...common,
			name: JOBS_STREAM,
			subjects: [JOBS_SUBJECTS],
			retention: RetentionPolicy.Workqueue,
			// Above the longest TTL of a job, 7 days.
			max_age: nanos(8 * 24 * HOUR_MS),
			max_msgs: 2_000_000,
			max_bytes: 2 * 1024 ** 3,
			max_msg_size: INLINE_PAYLOAD_BYTES_MAX + HEAD_BYTES_MAX,
			// Above the time in which the edge repeats a dispatch of one epoch.
			duplicate_window: nanos(HOUR_MS / 6),
		},
		{
			...common,
			name: EVENTS_STREAM,
			subjects: [EVENTS_SUBJECTS],
			retention: RetentionPolicy.Limits,
			// Settled events need not stay: the newest push the oldest out rather than being refused.
			discard: DiscardPolicy.Old,
			max_age: nanos(24 * HOUR_MS),
			max_msgs: 2_000_000,
			max_bytes: 1024 ** 3,
			max_msg_size: BUS_MESSAGE_BYTES_MAX,
			// Below the agents' repeat interval: a repeat means that the verdict was lost, so it must reach the relay again.
			duplicate_window: nanos(Math.max(100, Math.floor(eventRetryMs / 2))),
		},
	];
}

const consumerCommon = { ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All, replay_policy: ReplayPolicy.Instant, max_deliver: -1 } as const;

/** Consumer of one endpoint's jobs, shared by all hosts of the region. */
export function jobConsumerSettings(endpointId: string): ConsumerSettings {
	return {
		...consumerCommon,
		durable_name: endpointConsumer(endpointId),
		filter_subject: jobsOfEndpoint(endpointId),
		ack_wait: nanos(JOB_ACK_WAIT_MS),
		max_ack_pending: 2_048,
		max_waiting: 2_048,
	};
}

/** The relays' shared consumer of all events. */
export function relayConsumerSettings(): ConsumerSettings {
	return { ...consumerCommon, durable_name: RELAY_CONSUMER, ack_wait: nanos(30_000), max_ack_pending: 10_000, max_waiting: 512 };
}

/** Finds, makes or corrects the streams and the relay's consumer. Returns what it changed, in words. */
export async function ensureStreams(manager: JetStreamManager, replicas: number, eventRetryMs: number): Promise<string[]> {
	const changes: string[] = [];
	for (const settings of streamSettings(replicas, eventRetryMs)) {
		const info = await orNull(manager.streams.info(settings.name), STREAM_NOT_FOUND);
		if (info === null) {
			await manager.streams.add(settings);
			changes.push(`stream ${settings.name} created`);
			continue;
		}
		const differing = differences(info.config, settings);
		if (differing.length === 0) continue;
		await manager.streams.update(settings.name, { ...info.config, ...settings });
		changes.push(`stream ${settings.name} updated: ${differing.join(', ')}`);
	}
	if (await ensureConsumer(manager, EVENTS_STREAM, relayConsumerSettings())) changes.push(`consumer ${RELAY_CONSUMER} written`);
	return changes;
}

/** True when the consumer had to be made or changed. Never an upsert: one silently changes a live consumer's filter. */
export async function ensureConsumer(manager: JetStreamManager, stream: string, settings: ConsumerSettings): Promise<boolean> {
	const name = settings.durable_name ?? '';
	const info = await orNull(manager.consumers.info(stream, name), CONSUMER_NOT_FOUND);
	if (info === null) {
		await manager.consumers.add(stream, settings);
		return true;
	}
	if (differences(info.config, settings).length === 0) return false;
	await manager.consumers.update(stream, name, settings);
	return true;
}

/** The promise's value; null when the server says that the thing (by error code) does not exist. */
export async function orNull<T>(answer: Promise<T>, ...absentCodes: number[]): Promise<T | null> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof NatsError && absentCodes.includes(error.api_error?.err_code ?? 0)) return null;
		throw error;
	}
}

/** Names of settings in which the server's configuration differs from ours. What we do not set is the operator's. */
function differences(actual: object, wanted: object): string[] {
	const have = actual as Record<string, unknown>;
	return Object.entries(wanted)
		.filter(([name, value]) => JSON.stringify(have[name]) !== JSON.stringify(value))
		.map(([name]) => name);
}
