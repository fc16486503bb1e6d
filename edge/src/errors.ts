/** The last word on every error: RunPod's `{"error": …}` on the job API, OpenAI's object on its route, problem+json on the management API, nothing of ours inside. */
import { ERROR_KINDS, type ErrorCode } from '@longshore/shared-schema/errors/codes';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { inWordsOfV1 } from '@longshore/shared-schema/wire/rest-v1/words';
import { managedNoun } from './core/api-path.ts';
import { faultOfRefusal } from './core/openai-error.ts';
import { isOpenAiPath } from './core/openai-request.ts';
import { logError } from './log.ts';

/** `{"error": "…"}`, `application/problem+json`, OpenAI's error object, REST v1's `{"message": "…"}`, or what RunPod's load balancer says. */
export type ErrorForm = 'runpod' | 'problem' | 'openai' | 'v1' | 'balancer';

/** The answer for anything thrown while `request` was handled. */
export function errorAnswer(error: unknown, request: Request, form: ErrorForm = errorFormOf(new URL(request.url).pathname)): Response {
	const known = error instanceof LongshoreError ? error : unexpected(error, request);
	const headers: Record<string, string> = known.retryAfterS === undefined ? {} : { 'retry-after': String(known.retryAfterS) };
	const status = statusIn(form, known.code);
	if (form === 'openai') return Response.json({ error: faultOfRefusal(known).error }, { status, headers });
	if (form === 'v1') return Response.json({ message: inWordsOfV1(known.message) }, { status, headers });
	if (form === 'balancer') return balancerError(known, status, headers);
	if (form === 'runpod') return Response.json({ error: known.message, ...(known.gone === undefined ? {} : { cause: known.gone }) }, { status, headers });
	return Response.json(
		{ title: titleOf(status), status, detail: known.message, code: known.code, errors: known.problems },
		{ status, headers: { ...headers, 'content-type': 'application/problem+json' } },
	);
}

/** The status of a code. REST v1 knows of wrong requests only 400. */
export function statusIn(form: ErrorForm, code: ErrorCode): number {
	const { status } = ERROR_KINDS[code];
	return form === 'v1' && (status === 409 || status === 422) ? 400 : status;
}

/** The form of the errors on a path. */
export function errorFormOf(path: string): ErrorForm {
	if (path.startsWith('/lb/')) return 'balancer';
	if (isOpenAiPath(path)) return 'openai';
	if (path.startsWith('/v1/')) return 'v1';
	return managedNoun(path) === null ? 'runpod' : 'problem';
}

/** RunPod's load balancer has a form of its own for keys, and words of its own for one that is missing. */
function balancerError({ code, message }: LongshoreError, status: number, headers: Record<string, string>): Response {
	if (status !== 401 && status !== 403) return Response.json({ error: message }, { status, headers });
	return Response.json({ status, title: titleOf(status), detail: code === 'missing_key' ? 'no token provided' : message }, { status, headers });
}

/** A fault of ours: logged whole, shown as a fixed text. An overloaded or broken object is worth another try. */
function unexpected(error: unknown, request: Request): LongshoreError {
	logError('request failed', error, { method: request.method, path: new URL(request.url).pathname.slice(0, 100) });
	const transient = error instanceof Error && ('overloaded' in error || 'retryable' in error);
	return transient
		? new LongshoreError('unavailable', 'busy right now: try again in a moment', 1)
		: new LongshoreError('internal', 'internal error: the fault is logged, try again', 1);
}

function titleOf(status: number): string {
	const titles: Record<number, string> = {
		400: 'Bad Request',
		401: 'Unauthorized',
		403: 'Forbidden',
		404: 'Not Found',
		405: 'Method Not Allowed',
		409: 'Conflict',
		413: 'Content Too Large',
		422: 'Unprocessable Content',
		429: 'Too Many Requests',
		500: 'Internal Server Error',
		503: 'Service Unavailable',
	};
	return titles[status] ?? 'Error';
}
