import { describe, expect, it } from 'vitest';
import { type Enrolment, invite, NOT_ENROLLED, redeem, revoke } from '../../../regional-broker/src/core/enrolment.ts';

const invited = invite(NOT_ENROLLED, 'hash', 1_000);
const enrolled = (redeem(invited, 'hash', 'KEY-1', 500) as { enrolment: Enrolment }).enrolment;

describe('an invitation', () => {
	it('is redeemed by the first key that shows it', () => {
		expect(enrolled).toEqual({ invitation: { tokenHash: 'hash', expiresAtMs: 1_000, redeemedBy: 'KEY-1' }, key: { publicKey: 'KEY-1', atMs: 500 }, revoked: [] });
	});

	it('answers the same key again, whose answer may have been lost', () => {
		expect(redeem(enrolled, 'hash', 'KEY-1', 600)).toEqual({ enrolment: enrolled });
	});

	it('is nothing to another key', () => {
		expect(redeem(enrolled, 'hash', 'KEY-2', 600)).toEqual({ refused: 'spent' });
	});

	it('is over at its end', () => {
		expect(redeem(invited, 'hash', 'KEY-1', 999)).toHaveProperty('enrolment');
		expect(redeem(invited, 'hash', 'KEY-1', 1_000)).toEqual({ refused: 'expired' });
	});

	it('gives way to a newer one', () => {
		expect(redeem(invite(invited, 'newer', 2_000), 'hash', 'KEY-1', 500)).toEqual({ refused: 'unknown' });
	});
});

it('a new key of a host revokes the one before: one machine has a name', () => {
	expect(redeem(invite(enrolled, 'newer', 2_000), 'newer', 'KEY-2', 700)).toMatchObject({
		enrolment: { key: { publicKey: 'KEY-2' }, revoked: [{ publicKey: 'KEY-1', atMs: 700 }] },
	});
});

describe('a revocation', () => {
	it('takes the key and the open invitation', () => {
		expect(revoke(enrolled, 800)).toEqual({ invitation: null, key: null, revoked: [{ publicKey: 'KEY-1', atMs: 800 }] });
		expect(redeem(revoke(enrolled, 800), 'hash', 'KEY-1', 900)).toEqual({ refused: 'unknown' });
	});

	it('is final for its key', () => {
		expect(redeem(invite(revoke(enrolled, 800), 'newer', 2_000), 'newer', 'KEY-1', 900)).toEqual({ refused: 'revoked' });
	});

	it('keeps those before', () => {
		const again = redeem(invite(revoke(enrolled, 800), 'newer', 2_000), 'newer', 'KEY-2', 900) as { enrolment: Enrolment };
		expect(revoke(again.enrolment, 1_000).revoked.map(({ publicKey }) => publicKey)).toEqual(['KEY-1', 'KEY-2']);
	});
});
