/** `POST /operator/v1/hosts/{id}/gpus/{gpu}/{quarantine,release}`: takes one GPU out of placement, and lets it back in. */
import { QUARANTINE_REASON_CHARS_MAX } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import type { Quarantines } from '../fleet/quarantines.ts';
import type { Answer } from '../ingress/answer.ts';
import { errorText } from '../log.ts';
import { describeHost, type HostDutySources, unknownHost } from './host-duty.ts';

const body = z.strictObject({ reason: z.string().min(1).max(QUARANTINE_REASON_CHARS_MAX).default('no reason given') });

export interface GpuSources extends HostDutySources {
	readonly quarantines: Pick<Quarantines, 'set' | 'of'>;
}

/** Answered when the order would outlive this broker; workers on the GPU end their jobs first. */
export async function setGpu(sources: GpuSources, hostId: string, gpu: string, verb: 'quarantine' | 'release', given: unknown): Promise<Answer> {
	const host = sources.registry.host(hostId);
	if (host === undefined) return unknownHost(sources.registry, hostId);
	const parsed = body.safeParse(given ?? {});
	if (!parsed.success) return { status: 400, body: { error: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ') } };
	const total = host.figure.gpus + (host.figure.gpuFaults?.length ?? 0);
	const index = /^\d{1,2}$/.test(gpu) ? Number(gpu) : Number.NaN;
	const isKnown = verb === 'release' && sources.quarantines.of(hostId)[gpu] !== undefined;
	if (!(index < total) && !isKnown)
		return { status: 404, body: { error: `host ${hostId} has no GPU "${gpu.slice(0, 10)}": ${total === 0 ? 'it has none' : `they are numbered 0 to ${total - 1}`}` } };
	try {
		await sources.quarantines.set(hostId, index, verb === 'quarantine' ? parsed.data.reason : null);
	} catch (error) {
		return { status: 503, body: { error: `the order could not be kept: ${errorText(error)}; nothing was changed, try again` }, retryAfterS: 1 };
	}
	return describeHost(sources, hostId);
}
