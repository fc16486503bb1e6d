import { describe, expect, it } from 'vitest';
import { createHostTokens } from '../../../regional-broker/src/enrolment/host-token.ts';

const tokens = createHostTokens('key-of-the-region');
const host = { hostId: 'host-a', publicKey: 'UABC' };

describe("a host's token", () => {
	it('names the host and its key to every broker with the same region key, and to no other', () => {
		expect(createHostTokens('key-of-the-region').read(tokens.tokenOf(host))).toEqual(host);
		expect(createHostTokens('key-of-another-region').read(tokens.tokenOf(host))).toBeNull();
	});

	it.each(['', 'host-a', 'host-a.UABC', 'host-a.UABC.', 'ö.UABC.x', '../x.UABC.y'])('is not %j', (text) => {
		expect(tokens.read(text)).toBeNull();
	});

	it('cannot be bent to another host or key', () => {
		const mac = tokens.tokenOf(host).split('.')[2] ?? '';
		expect(tokens.read(`host-b.UABC.${mac}`)).toBeNull();
		expect(tokens.read(`host-a.UABD.${mac}`)).toBeNull();
		expect(tokens.read(`${tokens.tokenOf(host)}x`)).toBeNull();
	});
});

describe('a permit', () => {
	it('is for one host and one endpoint', () => {
		const permit = tokens.permitOf('host-a', 'ep1');
		expect(permit).toMatch(/^[\w-]{43}$/);
		expect(tokens.isPermit('host-a', 'ep1', permit)).toBe(true);
		expect(tokens.isPermit('host-a', 'ep1', permit)).toBe(true);
		expect(tokens.isPermit('host-b', 'ep1', permit)).toBe(false);
		expect(tokens.isPermit('host-a', 'ep2', permit)).toBe(false);
		expect(tokens.isPermit('host-a', 'ep1', '')).toBe(false);
	});

	it('is no token, and a token no permit, whatever the names', () => {
		expect(tokens.permitOf('a', 'b')).not.toBe(tokens.tokenOf({ hostId: 'a', publicKey: 'b' }).split('.')[2]);
	});
});
