import { expect, test } from 'vitest';
import { ConfirmedGrants } from '../../../regional-broker/src/fleet/confirmed-grants.ts';

test('grants count from the first answer to a heartbeat that was sent as leader', () => {
	const grants = new ConfirmedGrants();
	grants.asked(false);
	expect(grants.answered()).toBe(false);
	expect(grants.areConfirmed()).toBe(false);
	grants.asked(true);
	expect(grants.areConfirmed()).toBe(false);
	expect(grants.answered()).toBe(true);
	expect(grants.answered()).toBe(false);
	expect(grants.areConfirmed()).toBe(true);
});

test('an answer that was under way when the leadership changed confirms nothing', () => {
	const grants = new ConfirmedGrants();
	grants.asked(true);
	grants.reset();
	expect(grants.answered()).toBe(false);
	expect(grants.areConfirmed()).toBe(false);
});
