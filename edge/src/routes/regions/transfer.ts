/** `GET /regions/v1/payload/{job}` and `PUT /regions/v1/output/{job}` (`?epoch=N`): large texts of a current attempt, by its token. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';
import { ATTEMPT_HEADER } from '@longshore/shared-schema/wire/signature';
import type { Env } from '../../env.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { endpointOfToken } from '../../ids/attempt-token.ts';
import type { JobStore } from '../../stores/job-store.ts';
import { storeOfJob } from './by-store.ts';
import { enterRegion } from './enter.ts';

/** One call to a store carries at most this much: its messages end at 32 MiB. */
const PART_BYTES = 8 * 1024 * 1024;

/** The payload's bytes, 404 when the attempt is over. */
export async function payload(env: Env, request: Request, jobId: string): Promise<Response> {
	const { region } = await enterRegion(env, request, 0);
	const { store, epoch, token } = attemptOf(env, request, jobId);
	const first = await store.payloadPart(jobId, epoch, token, region, 0);
	if (first === null) throw attemptOver();
	let next = 1;
	const rest = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
		const part = await store.payloadPart(jobId, epoch, token, region, next++);
		if (part === null) controller.close();
		else controller.enqueue(part);
	};
	// The host knows the payload's length: one that ends early because the attempt is over is no payload to it.
	const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(first), pull: rest });
	return new Response(stream, { headers: { 'content-type': 'application/json' } });
}

/** Stores an output ahead of its result report: 204, or 404 when the attempt is over. */
export function output(env: Env, request: Request, jobId: string): Promise<Response> {
	return withRoom(request, () => takeOutput(env, request, jobId));
}

async function takeOutput(env: Env, request: Request, jobId: string): Promise<Response> {
	const { region, body } = await enterRegion(env, request, OUTPUT_BYTES_MAX);
	const { store, epoch, token } = attemptOf(env, request, jobId);
	for (let part = 0; part * PART_BYTES < Math.max(1, body.length); part++) {
		const kept = await store.upload(jobId, epoch, token, region, part, body.slice(part * PART_BYTES, (part + 1) * PART_BYTES));
		if (!kept) throw attemptOver();
	}
	return new Response(null, { status: 204 });
}

function attemptOf(env: Env, request: Request, jobId: string): { store: DurableObjectStub<JobStore>; epoch: number; token: string } {
	const epoch = Number(new URL(request.url).searchParams.get('epoch'));
	const token = request.headers.get(ATTEMPT_HEADER) ?? '';
	const found = storeOfJob(env, endpointOfToken(token), jobId);
	if (found === null || !Number.isInteger(epoch) || epoch < 1) throw attemptOver();
	return { store: found.store, epoch, token };
}

function attemptOver(): LongshoreError {
	return new LongshoreError('unknown_job', 'no such attempt: it is over, superseded or unknown');
}
