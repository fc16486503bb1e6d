import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CachedPart, chooseEvictions } from '../../../gpu-worker/src/core/model-room.ts';

const part = (id: string, bytes: number, usedAtMs: number, inUse = false): CachedPart => ({ id, bytes, usedAtMs, inUse });

test('what was used longest ago goes first, and no more than is needed', () => {
	const parts = [part('new', 10, 3), part('old', 10, 1), part('middle', 10, 2)];
	expect(chooseEvictions(parts, 11)).toEqual(['old', 'middle']);
	expect(chooseEvictions(parts, 10)).toEqual(['old']);
	expect(chooseEvictions(parts, 0)).toEqual([]);
	expect(chooseEvictions(parts, -5)).toEqual([]);
});

test('what is in use stays, however old', () => {
	expect(chooseEvictions([part('used', 100, 0, true), part('idle', 10, 5)], 10)).toEqual(['idle']);
	expect(chooseEvictions([part('used', 100, 0, true), part('idle', 10, 5)], 11)).toBeNull();
});

test('whatever there is: enough goes or nothing, nothing in use, nobody younger than one who stays without need', () => {
	const anyPart = fc.record({ id: fc.uuid(), bytes: fc.nat(100), usedAtMs: fc.nat(50), inUse: fc.boolean() });
	fc.assert(
		fc.property(fc.uniqueArray(anyPart, { selector: ({ id }) => id }), fc.integer({ min: -10, max: 400 }), (parts, needed) => {
			const chosen = chooseEvictions(parts, needed);
			const idle = parts.filter(({ inUse }) => !inUse);
			const sum = (list: readonly CachedPart[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
			if (chosen === null) {
				expect(sum(idle)).toBeLessThan(needed);
				return;
			}
			const gone = parts.filter(({ id }) => chosen.includes(id));
			expect(gone.every(({ inUse }) => !inUse)).toBe(true);
			expect(sum(gone)).toBeGreaterThanOrEqual(Math.max(0, needed));
			const youngest = Math.max(-1, ...gone.map(({ usedAtMs }) => usedAtMs));
			expect(idle.filter(({ id, usedAtMs }) => !chosen.includes(id) && usedAtMs < youngest)).toEqual([]);
			if (chosen.length > 0) expect(sum(gone.filter(({ id }) => id !== chosen.at(-1)))).toBeLessThan(needed);
		}),
	);
});
