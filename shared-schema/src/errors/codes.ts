/** The closed set of errors that a caller can see: code → HTTP status, whose fault, whether to try again. */

/** `caller`: the request is wrong. `tenant`: a limit of the account or endpoint. `system`: ours. */
export type Blame = 'caller' | 'tenant' | 'system';

/** How one error code looks from outside. `retry` is about the same request, unchanged. */
export interface ErrorKind {
	readonly status: number;
	readonly blame: Blame;
	readonly retry: 'never' | 'after';
}

export const ERROR_KINDS = {
	malformed_json: { status: 400, blame: 'caller', retry: 'never' },
	invalid_request: { status: 400, blame: 'caller', retry: 'never' },
	missing_key: { status: 401, blame: 'caller', retry: 'never' },
	invalid_key: { status: 401, blame: 'caller', retry: 'never' },
	bad_signature: { status: 401, blame: 'caller', retry: 'never' },
	forbidden: { status: 403, blame: 'caller', retry: 'never' },
	unknown_route: { status: 404, blame: 'caller', retry: 'never' },
	unknown_endpoint: { status: 404, blame: 'caller', retry: 'never' },
	unknown_job: { status: 404, blame: 'caller', retry: 'never' },
	unknown_resource: { status: 404, blame: 'caller', retry: 'never' },
	expired_job: { status: 410, blame: 'caller', retry: 'never' },
	method_not_allowed: { status: 405, blame: 'caller', retry: 'never' },
	conflict: { status: 409, blame: 'caller', retry: 'never' },
	body_too_large: { status: 413, blame: 'caller', retry: 'never' },
	unprocessable: { status: 422, blame: 'caller', retry: 'never' },
	queue_full: { status: 429, blame: 'tenant', retry: 'after' },
	rate_limited: { status: 429, blame: 'tenant', retry: 'after' },
	internal: { status: 500, blame: 'system', retry: 'after' },
	unavailable: { status: 503, blame: 'system', retry: 'after' },
} as const satisfies Record<string, ErrorKind>;

/** Every code that an answer can carry. */
export type ErrorCode = keyof typeof ERROR_KINDS;
