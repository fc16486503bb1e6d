import { expect, test } from 'vitest';
import { isAckSubject, parseAckSubject } from '../../../gpu-worker/src/core/ack-subject.ts';

test('the subject of today’s servers is read', () => {
	expect(parseAckSubject('$JS.ACK.JOBS.ep-e1.2.17.5.1795330223721607906.3')).toEqual({ delivered: 2, streamSeq: 17, storedAtMs: 1795330223721.607 });
});

test('so is the longer form with domain and account', () => {
	expect(parseAckSubject('$JS.ACK.hub.ACCOUNT.JOBS.ep-e1.1.17.5.1795330223721607906.3.x')).toEqual({ delivered: 1, streamSeq: 17, storedAtMs: 1795330223721.607 });
});

test('an inbox is no acknowledgement subject', () => {
	expect(isAckSubject('_INBOX_h.1')).toBe(false);
	expect(isAckSubject(undefined)).toBe(false);
	expect(parseAckSubject('$JS.ACK.JOBS.short')).toBeNull();
});
