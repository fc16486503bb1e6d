/** What a reader of logs asks for, in the query and in `Last-Event-ID`. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { LOG_TAIL } from '@longshore/shared-schema/limits';
import { logSource } from '@longshore/shared-schema/wire/logs';
import * as z from 'zod';
import { LOG_TIME_PATTERN, placeText, stampOf } from '../../core/log-place.ts';
import { describeInteger, integerOf, queryOf } from '../../gate/query.ts';
import type { Parameter } from '../../openapi/operation.ts';
import type { LogWish } from '../../regions/region-logs.ts';

const TAIL = { name: 'tail', min: LOG_TAIL.min, max: LOG_TAIL.max, unit: 'of lines' };
const EXAMPLE_TIME = '2026-11-22T10:20:30Z';

/** The query of every route that shows logs. */
export const LOG_QUERY: readonly Parameter[] = [
	describeInteger(TAIL, LOG_TAIL.default, 'The newest lines to begin with. Without effect beside `since` and `Last-Event-ID`.'),
	{ name: 'since', text: 'Only lines after this time, in UTC.', schema: z.string().regex(LOG_TIME_PATTERN), example: EXAMPLE_TIME },
	{ name: 'source', text: '`container`: what the worker printed. `system`: what its host says of it. Left out: both.', schema: logSource },
];

/** The header that goes on where a stream broke off. */
export const LOG_RESUME: Parameter = {
	name: 'Last-Event-ID',
	text: 'The id of the last event that was seen; the stream goes on behind it.',
	schema: z.string().regex(LOG_TIME_PATTERN),
};

/** The wish of `request` about these logs. Throws `invalid_request`. */
export function wishOf(request: Request, logs: Pick<LogWish, 'endpointId' | 'workerId' | 'jobId'>): LogWish {
	const source = queryOf(request, 'source');
	const known = logSource.safeParse(source);
	if (source !== null && !known.success) throw new LongshoreError('invalid_request', `source must be ${logSource.options.join(' or ')}`);
	const tail = integerOf(request, TAIL, LOG_TAIL.default);
	const since = timeOf(queryOf(request, 'since'), 'since');
	const after = timeOf(request.headers.get('last-event-id') || null, 'Last-Event-ID') ?? since;
	return { ...logs, ...(known.success ? { source: known.data } : {}), after: after ?? 0, ...(after === null ? { tail } : {}) };
}

/** A line's place as readers see it. */
export function placeOf(stamp: number): string {
	return placeText(stamp, (seconds) => new Date(seconds * 1_000).toISOString().slice(0, 19));
}

function timeOf(text: string | null, name: string): number | null {
	if (text === null) return null;
	const stamp = stampOf(text, (isoSecond) => Date.parse(`${isoSecond}Z`) / 1_000);
	if (stamp === null) throw new LongshoreError('invalid_request', `${name} must be a time in UTC like ${EXAMPLE_TIME}, with up to six digits of a second's fraction`);
	return stamp;
}
