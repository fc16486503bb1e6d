/** What an ingress verb answers: a status, a JSON body, and when to come back. */

export interface Answer {
	readonly status: 200 | 202 | 400 | 401 | 403 | 404 | 409 | 413 | 503;
	readonly body: unknown;
	readonly retryAfterS?: number;
}

/** The caller's fault, in words. */
export function badRequest(error: string): Answer {
	return { status: 400, body: { error } };
}

/** Not now: the same request again is right, and safe. */
export function unavailable(error: string): Answer {
	return { status: 503, body: { error }, retryAfterS: 1 };
}
