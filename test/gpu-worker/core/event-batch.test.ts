import { EVENT_BATCH_MAX } from '@longshore/shared-schema/limits';
import { expect, test } from 'vitest';
import { countForMessage } from '../../../gpu-worker/src/core/event-batch.ts';

const event = (frameBytes: number) => ({ headBytes: 100, frameBytes });

test('a message takes what fits', () => {
	expect(countForMessage([event(1_000), event(1_000), event(1_000)], 3_000)).toBe(2);
});

test('one event always goes, however large', () => {
	expect(countForMessage([event(10_000), event(1)], 3_000)).toBe(1);
});

test('the number of events is bounded too', () => {
	expect(countForMessage(Array.from({ length: EVENT_BATCH_MAX + 5 }, () => event(0)))).toBe(EVENT_BATCH_MAX);
});
