/** Which errors an operation can answer, from what it says of itself: status → the codes behind it. */
import type { ErrorCode } from '@longshore/shared-schema/errors/codes';
import { balancerError } from '@longshore/shared-schema/wire/load-balancer';
import { problem } from '@longshore/shared-schema/wire/rest-answers';
import { messageV1 } from '@longshore/shared-schema/wire/rest-v1/words';
import { openAiError, runpodError } from '@longshore/shared-schema/wire/runpod-answers';
import type * as z from 'zod';
import { type ErrorForm, errorFormOf, statusIn } from '../errors.ts';
import type { Operation } from './operation.ts';

/** What a code means, in a few words. */
const MEANINGS: Partial<Readonly<Record<ErrorCode, string>>> = {
	malformed_json: 'the body is not JSON',
	invalid_request: 'a field or parameter is missing or out of its bounds',
	missing_key: 'no key was sent',
	invalid_key: 'the key is unknown, revoked or mistyped',
	forbidden: 'the key lacks the scope, or is not for this endpoint',
	unknown_endpoint: 'no such endpoint, or another account’s',
	unknown_job: 'no such job, or its retention is over',
	expired_job: 'the retention of the job is over (404 without the header `Longshore-Gone: 410`)',
	unknown_resource: 'no such resource',
	conflict: 'the state does not allow it',
	body_too_large: 'the body is larger than its limit',
	unprocessable: 'a field is unknown, missing or out of its bounds',
	queue_full: 'the queue is full',
	rate_limited: 'too many requests',
	internal: 'a fault of the gateway, logged there',
	unavailable: 'busy right now',
};

/** How errors look, and under which content type. */
export const ERROR_FORMS: Readonly<Record<ErrorForm, { schema: z.ZodType; type: string }>> = {
	runpod: { schema: runpodError, type: 'application/json' },
	problem: { schema: problem, type: 'application/problem+json' },
	v1: { schema: messageV1, type: 'application/json' },
	openai: { schema: openAiError, type: 'application/json' },
	balancer: { schema: balancerError, type: 'application/json' },
};

/** Whether a path names one job of a queue. */
export function isOfOneJob(path: string): boolean {
	return path.includes(':job') && !path.includes(':batch');
}

/** Status → what it means there, in ascending order. */
export function errorsOf(operation: Operation, path: string): Map<number, { text: string; retries: boolean }> {
	const codes = new Set<ErrorCode>(operation.errors);
	if (operation.key !== 'none') codes.add('missing_key').add('invalid_key').add('internal').add('unavailable');
	if (operation.key !== 'none' && operation.key !== 'operator') codes.add('forbidden');
	if (path.includes(':endpoint')) codes.add('unknown_endpoint');
	if (path.includes(':job')) codes.add('unknown_job');
	if (isOfOneJob(path)) codes.add('expired_job');
	if (operation.query !== undefined || operation.headers !== undefined) codes.add('invalid_request');
	if (operation.body !== undefined)
		codes
			.add('malformed_json')
			.add('body_too_large')
			.add(path.startsWith('/v2/:endpoint') ? 'invalid_request' : 'unprocessable');
	if (operation.limit !== undefined) codes.add('rate_limited');
	const byStatus = new Map<number, ErrorCode[]>();
	for (const code of codes) {
		const status = statusIn(errorFormOf(path), code);
		byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
	}
	return new Map(
		[...byStatus]
			.sort(([a], [b]) => a - b)
			.map(([status, found]) => [status, { text: `${found.map((code) => `\`${code}\`: ${MEANINGS[code] ?? code}`).join('; ')}.`, retries: status === 429 || status >= 500 }]),
	);
}
