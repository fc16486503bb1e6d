/** The query parameter `wait` of held calls. */
import type { Bounds } from '@longshore/shared-schema/limits';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';

/** `?wait=` within `bounds`. */
export function waitParameter({ min, max }: Bounds): IntegerParameter {
	return { name: 'wait', min, max, unit: 'of milliseconds' };
}

/** `?wait=` in milliseconds, or the default. Throws `invalid_request` when it is not an integer in bounds. */
export function waitMsOf(request: Request, bounds: Bounds): number {
	return integerOf(request, waitParameter(bounds), bounds.default);
}
