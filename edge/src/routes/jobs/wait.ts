/** The query parameter `wait` of held calls. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Bounds } from '@longshore/shared-schema/limits';

/** A query parameter; most calls have none and need no URL parsed. */
export function queryOf(request: Request, name: string): string | null {
	return request.url.includes('?') ? new URL(request.url).searchParams.get(name) : null;
}

/** `?wait=` in milliseconds, or the default. Throws `invalid_request` when it is not an integer in bounds. */
export function waitMsOf(request: Request, bounds: Bounds): number {
	const text = queryOf(request, 'wait');
	if (text === null) return bounds.default;
	const waitMs = Number(text);
	if (text.trim() !== '' && Number.isInteger(waitMs) && waitMs >= bounds.min && waitMs <= bounds.max) return waitMs;
	throw new LongshoreError('invalid_request', `wait must be an integer of milliseconds from ${bounds.min} to ${bounds.max}`);
}
