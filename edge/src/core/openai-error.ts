/** Errors in OpenAI's shape: from what a worker said, from how a job ended, from our own refusals. Pure. */
import type { LongshoreError } from '@longshore/shared-schema/errors/error';
import { EXECUTION_TIMEOUT_TEXT } from '@longshore/shared-schema/job/finish';
import type { RunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import { messageOfJobError } from './job-error-message.ts';

/** OpenAI's error object. Members beyond the four are those of the model server. */
export interface OpenAiErrorObject {
	readonly message: string;
	readonly type: string;
	readonly param: string | null;
	readonly code: string | number | null;
	readonly [other: string]: unknown;
}

/** An error and the HTTP status that says it. */
export interface OpenAiFault {
	readonly status: number;
	readonly error: OpenAiErrorObject;
	/** Set where the same call would run as long again: OpenAI's clients repeat a 5xx by themselves. */
	readonly mayRetry: boolean;
}

const MODEL_SERVER_ERROR = /vLLM returned HTTP (\d{3}):\s*/;
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
	BadRequestError: 400,
	invalid_request_error: 400,
	NotFoundError: 404,
	not_found_error: 404,
	rate_limit_error: 429,
};

/** A fault of the gateway or its worker, in plain words. */
export function serverFault(message: string): OpenAiFault {
	return { status: 500, error: errorObject(500, message), mayRetry: true };
}

/** Our own refusal, with the code of the closed set. */
export function faultOfRefusal(error: LongshoreError): OpenAiFault {
	const { status } = error.kind;
	const code = error.code === 'invalid_key' || error.code === 'missing_key' ? 'invalid_api_key' : error.code;
	return { status, error: { ...errorObject(status, error.message), code }, mayRetry: true };
}

/** How a job ended without a result; `error` is its error text. */
export function faultOfEnding(status: RunpodStatus, error: string | null): OpenAiFault {
	if (status === 'CANCELLED') return { status: 499, error: { ...errorObject(499, 'the job was cancelled'), type: 'cancelled' }, mayRetry: false };
	if (status === 'TIMED_OUT') return timeoutFault('the job did not end within its time to live');
	if (error === EXECUTION_TIMEOUT_TEXT) return timeoutFault('the job ran longer than its execution timeout');
	return error === null ? serverFault(`the job ended as ${status} without an error text`) : faultOfJobError(error);
}

/** A call that takes too long. */
export function timeoutFault(message: string): OpenAiFault {
	return { status: 504, error: { ...errorObject(504, message), type: 'timeout_error' }, mayRetry: false };
}

/** A failed job's error text: the model server's own status and error where they are in it, else 500. */
export function faultOfJobError(text: string): OpenAiFault {
	const message = messageOfJobError(text);
	const match = MODEL_SERVER_ERROR.exec(message);
	const status = Number(match?.[1]);
	if (match === null || status < 400 || status > 599) return serverFault(message);
	const rest = message.slice(match.index + match[0].length).trim();
	return faultOfValue(parse(rest), status) ?? { status, error: errorObject(status, rest === '' ? `HTTP ${status}` : rest), mayRetry: true };
}

/**
 * The fault that an answer of a model server says, or null when it says none: `{error: {…}}`, `{error: "…"}`, `{object: "error", …}`;
 * with a status that is known to be an error, `{detail}` and `{message}` too.
 */
export function faultOfValue(value: unknown, status: number | null): OpenAiFault | null {
	if (!isRecord(value)) return null;
	const inner = value['error'];
	if (isRecord(inner)) return toFault(inner, status);
	if (typeof inner === 'string') return toFault({ message: inner }, status);
	if (value['object'] === 'error') return toFault(withoutObject(value), status);
	if (status === null) return null;
	const said = value['message'] ?? value['detail'];
	return said === undefined ? null : toFault({ ...withoutObject(value), message: said }, status);
}

function toFault(said: Readonly<Record<string, unknown>>, known: number | null): OpenAiFault {
	const status = known ?? statusOf(said);
	const { message, type, param, code, ...others } = said;
	const plain = errorObject(status, typeof message === 'string' ? message : JSON.stringify(message ?? said));
	const error = {
		...others,
		message: plain.message,
		type: typeof type === 'string' ? type : plain.type,
		param: typeof param === 'string' ? param : null,
		code: typeof code === 'string' || typeof code === 'number' ? code : null,
	};
	return { status, error, mayRetry: true };
}

function statusOf({ code, type }: Readonly<Record<string, unknown>>): number {
	const number = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code;
	if (typeof number === 'number' && Number.isInteger(number) && number >= 400 && number <= 599) return number;
	return STATUS_OF_TYPE[String(type)] ?? 500;
}

function errorObject(status: number, message: string): OpenAiErrorObject {
	return { message, type: typeOf(status), param: null, code: null };
}

function typeOf(status: number): string {
	if (status === 401) return 'authentication_error';
	if (status === 403) return 'permission_error';
	if (status === 429) return 'rate_limit_error';
	return status < 500 ? 'invalid_request_error' : 'server_error';
}

function withoutObject({ object: _, ...others }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
	return others;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null; // Not JSON: the text itself is the message.
	}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
