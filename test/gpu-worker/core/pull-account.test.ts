import { describe, expect, test } from 'vitest';
import { bookEnd, bookHeartbeat, bookMessage, bookRequest, dropDead, forgetRequests, newPullAccount, outstanding } from '../../../gpu-worker/src/core/pull-account.ts';

function withRequests(...batches: number[]) {
	const account = newPullAccount();
	for (const [index, batch] of batches.entries()) bookRequest(account, index + 1, batch, 0, 30_000);
	return account;
}

describe('a pull account', () => {
	test('counts what requests may still bring', () => {
		const account = withRequests(2, 3);
		expect(outstanding(account)).toBe(5);
		bookMessage(account, 1);
		expect(outstanding(account)).toBe(4);
	});

	test('closes a request when its last message is booked', () => {
		const account = withRequests(1, 1);
		bookMessage(account, 1);
		bookMessage(account, 2);
		expect(account.requests).toEqual([]);
	});

	test('a message that nobody asked for changes nothing', () => {
		const account = newPullAccount();
		bookMessage(account, 1);
		expect(outstanding(account)).toBe(0);
	});

	test('the server serves requests in turn: an expiry puts the booking right', () => {
		const account = withRequests(2, 2);
		// One message for each, but both are booked on the first.
		bookMessage(account, 1);
		bookMessage(account, 2);
		bookEnd(account, 1, 1, 3);
		expect(outstanding(account)).toBe(1);
		bookEnd(account, 2, 1, 4);
		expect(outstanding(account)).toBe(0);
	});

	test('an expiry with more pending than booked takes the difference from the others', () => {
		const account = withRequests(4, 4);
		for (let n = 0; n < 3; n++) bookMessage(account, n);
		// All three came for the second.
		bookEnd(account, 1, 4, 5);
		expect(outstanding(account)).toBe(1);
	});

	test('an end that does not say how many are pending closes the request as booked', () => {
		const account = withRequests(3, 2);
		bookEnd(account, 1, null, 1);
		expect(outstanding(account)).toBe(2);
	});

	test('silence past the limit drops everything, a heartbeat puts that off', () => {
		const account = withRequests(1);
		bookHeartbeat(account, 5_000);
		expect(dropDead(account, 15_000, 12_000)).toBe(false);
		expect(dropDead(account, 17_001, 12_000)).toBe(true);
		expect(outstanding(account)).toBe(0);
	});

	test('a request that must be over is dropped alone', () => {
		const account = withRequests(1);
		bookRequest(account, 9, 1, 25_000, 55_000);
		bookHeartbeat(account, 30_000);
		expect(dropDead(account, 30_001, 12_000)).toBe(true);
		expect(account.requests.map((request) => request.id)).toEqual([9]);
	});

	test('a new connection starts from nothing', () => {
		const account = withRequests(1, 2);
		forgetRequests(account);
		expect(outstanding(account)).toBe(0);
	});
});
