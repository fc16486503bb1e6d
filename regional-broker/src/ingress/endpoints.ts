/** `POST endpoints`: takes the edge's grants, and tells the region's other brokers. */
import { type EndpointPush, endpointPush } from '@longshore/shared-schema/wire/region';
import type { Grants } from '../fleet/grants.ts';
import type { JobConsumers } from '../fleet/job-consumers.ts';
import { type Answer, badRequest } from './answer.ts';

export interface EndpointsOptions {
	readonly grants: Grants;
	readonly consumers: JobConsumers;
	readonly onChanged: (endpointId: string) => void;
	readonly onRemoved: (endpointId: string) => void;
}

/** Applies a push from anywhere: the edge's call, a heartbeat's answer, another broker. True when it changed something. */
export function applyPush({ grants, consumers, onChanged, onRemoved }: EndpointsOptions, push: EndpointPush): boolean {
	const { changed, removed } = grants.apply(push);
	for (const endpointId of changed) {
		// Reported and tried again by itself; a dispatch waits for it.
		consumers.ensure(endpointId).catch(() => {});
		onChanged(endpointId);
	}
	for (const endpointId of removed) {
		consumers.remove(endpointId);
		onRemoved(endpointId);
	}
	return changed.length + removed.length > 0;
}

/** The verb over its parts; `share` passes a push on to the other brokers. */
export function createEndpoints(options: EndpointsOptions, share: (push: EndpointPush) => void): (body: unknown) => Promise<Answer> {
	return async (body) => {
		const parsed = endpointPush.safeParse(body);
		if (!parsed.success) return badRequest(`endpoints: ${parsed.error.message.slice(0, 500)}`);
		if (applyPush(options, parsed.data)) share(parsed.data);
		return { status: 200, body: {} };
	};
}
