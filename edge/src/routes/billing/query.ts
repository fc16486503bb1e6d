/** What a bill is asked for: the time, the size of its buckets, how it is grouped and what it is limited to. Names and values as RunPod's REST has them. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import * as z from 'zod';
import type { Grouping } from '../../core/bill.ts';

export const BUCKET_SIZES = ['hour', 'day', 'week', 'month', 'year'] as const;
export type BucketSize = (typeof BUCKET_SIZES)[number];
export const GROUPINGS = ['endpointId', 'podId', 'gpuTypeId'] as const satisfies readonly Grouping[];
/** A bill without a beginning starts this long before its end. */
const SPAN_DEFAULT_MS = 30 * 86_400_000;
/** The longest time of one bill. */
export const SPAN_MS_MAX = 366 * 86_400_000;

export const billTime = z.iso.datetime({ offset: true });

export interface BillQuery {
	readonly bucketSize: BucketSize;
	readonly grouping: Grouping;
	/** Hours that begin in `[fromMs, toMs)` are billed. */
	readonly fromMs: number;
	readonly toMs: number;
	/** Empty: all. */
	readonly endpointIds: readonly string[];
	readonly dataCenterIds: readonly string[];
	readonly gpuTypeIds: readonly string[];
}

/** Throws `invalid_request` that names the parameter and what it takes. */
export function billQueryOf(request: Request, now: number): BillQuery {
	const { searchParams } = new URL(request.url);
	const toMs = timeOf(searchParams, 'endTime') ?? now;
	const fromMs = timeOf(searchParams, 'startTime') ?? toMs - SPAN_DEFAULT_MS;
	if (fromMs >= toMs) throw new LongshoreError('invalid_request', 'startTime must be before endTime');
	if (toMs - fromMs > SPAN_MS_MAX) throw new LongshoreError('invalid_request', 'startTime and endTime: a bill covers at most 366 days');
	return {
		bucketSize: oneOf(searchParams, 'bucketSize', BUCKET_SIZES, 'day'),
		grouping: oneOf(searchParams, 'grouping', GROUPINGS, 'endpointId'),
		fromMs,
		toMs,
		endpointIds: listOf(searchParams, 'endpointId'),
		dataCenterIds: listOf(searchParams, 'dataCenterId'),
		gpuTypeIds: listOf(searchParams, 'gpuTypeId'),
	};
}

/** Start of the bucket that a time falls into, UTC; weeks begin on Monday. */
export function bucketStart(atMs: number, size: BucketSize): string {
	const at = new Date(atMs);
	at.setUTCMinutes(0, 0, 0);
	if (size !== 'hour') at.setUTCHours(0);
	if (size === 'week') at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
	if (size === 'month' || size === 'year') at.setUTCDate(1);
	if (size === 'year') at.setUTCMonth(0);
	return at.toISOString();
}

function timeOf(params: URLSearchParams, name: string): number | null {
	const text = params.get(name);
	if (text === null || text === '') return null;
	if (!billTime.safeParse(text).success) throw new LongshoreError('invalid_request', `${name} must be a time such as 2026-11-22T00:00:00Z`);
	return Date.parse(text);
}

function oneOf<Name extends string>(params: URLSearchParams, name: string, values: readonly Name[], fallback: Name): Name {
	const text = params.get(name);
	if (text === null || text === '') return fallback;
	const known = values.find((value) => value === text);
	if (known === undefined) throw new LongshoreError('invalid_request', `${name} must be one of ${values.join(', ')}`);
	return known;
}

/** Given once, several times, as `name[]`, or with commas. */
function listOf(params: URLSearchParams, name: string): string[] {
	return [...params.getAll(name), ...params.getAll(`${name}[]`)].flatMap((text) => text.split(',')).filter((text) => text !== '');
}
