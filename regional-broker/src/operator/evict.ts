/** `POST /operator/v1/workers/{id}/evict`: ends one worker; its jobs finish first, or are cut off and started elsewhere. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import { QUARANTINE_REASON_CHARS_MAX } from '@longshore/shared-schema/limits';
import type { HostCommand, HostReply } from '@longshore/shared-schema/wire/bus';
import * as z from 'zod';
import type { Registry } from '../fleet/registry.ts';
import type { Answer } from '../ingress/answer.ts';
import { errorText } from '../log.ts';

const body = z.strictObject({ reason: z.string().min(1).max(QUARANTINE_REASON_CHARS_MAX).default('no reason given'), now: z.boolean().default(false) });

export interface EvictSources {
	readonly registry: Pick<Registry, 'workers'>;
	readonly command: (hostId: string, command: HostCommand) => Promise<HostReply | null>;
	/** Writes down at every broker why the worker went. */
	readonly note: (endpointId: string, text: string) => void;
}

/** Answered when the host has taken the order. */
export async function evictWorker({ registry, command, note }: EvictSources, workerId: string, given: unknown): Promise<Answer> {
	const parsed = body.safeParse(given ?? {});
	if (!parsed.success) return { status: 400, body: { error: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ') } };
	const workers = [...registry.workers().values()].flat().filter(({ phase }) => phase !== 'exited');
	const worker = workers.find(({ id }) => id === workerId);
	if (worker === undefined) {
		const known = workers.map(({ id }) => id);
		return { status: 404, body: { error: `no worker "${workerId.slice(0, 64)}" in this region${suggestion(workerId.slice(0, 64), known)}` } };
	}
	const { reason, now } = parsed.data;
	const { endpointId, hostId, jobs } = worker;
	try {
		const reply = await command(hostId, { op: 'stop-worker', workerId, ...(now ? { now } : {}), reason: `evicted by the operator: ${reason}` });
		if (reply?.ok !== true) return { status: 503, body: { error: `host ${hostId} does not take the order: ${reply?.error ?? 'it does not listen'}` }, retryAfterS: 1 };
	} catch (error) {
		return { status: 503, body: { error: `host ${hostId} did not answer: ${errorText(error)}; it may have heard, look at the worker` }, retryAfterS: 1 };
	}
	note(endpointId, `${workerId} on ${hostId}: evicted by the operator${now ? ' at once' : ''}: ${reason}`);
	return { status: 200, body: { id: workerId, endpointId, hostId, jobs: jobs.length, now } };
}
