/** The bridge's bounds against those of what lies behind it: nothing that is good there may be refused at the door. */
import { DISPATCH_BATCH_JOBS_MAX, ERROR_TEXT_CHARS_MAX, OUTPUT_BYTES_MAX, TAKE_HOLD_MS } from '@longshore/shared-schema/limits';
import { workerReport } from '@longshore/shared-schema/wire/bus';
import { expect, test } from 'vitest';
import { RESULT_BODY_BYTES_MAX, RESULT_ENVELOPE_BYTES_MAX, TAKE_BATCH_MAX, UNHEALTHY_REASON_CHARS_MAX } from '../../../gpu-worker/src/core/bridge-limits.ts';

/** As Python's `json.dumps` writes: every UTF-16 unit outside ASCII as six characters. */
const asPython = (value: unknown): string => JSON.stringify(value).replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

test.each(['\0', '\uFFFF', '🦄', '"\\', 'a'])('the largest output is read whole beside the longest error that is kept, even one of %j only', (piece) => {
	const error = piece.repeat(ERROR_TEXT_CHARS_MAX).slice(0, ERROR_TEXT_CHARS_MAX);
	const around = Buffer.byteLength(asPython({ output: '', error, stopPod: true }));
	expect(around).toBeLessThanOrEqual(RESULT_ENVELOPE_BYTES_MAX);
	expect(around + OUTPUT_BYTES_MAX).toBeLessThanOrEqual(RESULT_BODY_BYTES_MAX);
});

test('a body that is read is at most a little longer than an output: memory is bounded by what may come out', () => {
	expect(RESULT_BODY_BYTES_MAX).toBeLessThan(OUTPUT_BYTES_MAX * 1.1);
});

test('one take empties no more of the queue than one dispatch brings, so that jobs wait where any worker can take them', () => {
	expect(TAKE_BATCH_MAX).toBeGreaterThan(1);
	expect(TAKE_BATCH_MAX).toBeLessThanOrEqual(DISPATCH_BATCH_JOBS_MAX);
});

test("the reason of an unhealthy worker fits a host report and leaves the larger part to the worker's log", () => {
	const { lastLog } = workerReport.shape;
	expect(lastLog.safeParse('x'.repeat(2 * UNHEALTHY_REASON_CHARS_MAX)).success).toBe(true);
});

test('a poll is answered well before the 90 s after which the SDK leaves: no job meets a connection that just closed', () => {
	expect(TAKE_HOLD_MS).toBeLessThanOrEqual(60_000);
	expect(TAKE_HOLD_MS, 'at most ten takes a minute').toBeGreaterThanOrEqual(7_500);
});
