/** `GET /operator/v1/queues`: by endpoint what waits, what may run, what is in the way and what was decided last. */
import type { Bus } from '../bus/bus.ts';
import type { Decisions } from '../fleet/decisions.ts';
import type { Grants } from '../fleet/grants.ts';
import type { QueueDepths } from '../fleet/queue-depths.ts';
import type { Scaler } from '../fleet/scaler.ts';
import { mapBounded } from '../ingress/bounded.ts';
import { errorText } from '../log.ts';

const AT_ONCE = 16;

export interface QueueSources {
	readonly bus: Pick<Bus, 'jobConsumer'>;
	readonly grants: Grants;
	readonly depths: QueueDepths;
	readonly scaler: Scaler;
	readonly decisions: Decisions;
}

/** The answer's body. An endpoint whose consumer cannot be asked says so instead of showing zeros. */
export async function describeQueues({ bus, grants, depths, scaler, decisions }: QueueSources): Promise<unknown> {
	const queues = await mapBounded(grants.all(), AT_ONCE, async (grant) => {
		const { endpointId, revision, version, workersMin, workersMax, spec } = grant;
		const depth = depths.of(endpointId);
		const figures = scaler.figures(endpointId);
		const stream = await bus.jobConsumer(endpointId).then(
			(consumer) =>
				consumer === null ? { error: 'the consumer does not exist' } : { pending: consumer.waiting, ackPending: consumer.unacked, deliveredSeq: consumer.deliveredSeq },
			(error: unknown) => ({ error: errorText(error) }),
		);
		return {
			endpointId,
			name: spec.name,
			stream,
			waiting: { normal: depth.normal, low: depth.low, oldestMs: Math.round(depth.oldestWaitMs) },
			slotsFree: figures.slotsFree,
			workers: figures.workers,
			grant: { revision, version, workersMin, workersMax },
			blocked: figures.blocked,
			decisions: decisions.of(endpointId),
		};
	});
	return { queues };
}
