import { expect, it } from 'vitest';
import { Rolls } from '../../../regional-broker/src/fleet/rolls.ts';

const muster = (oldReady: number, serving: number, starting = 0, oldAlive = oldReady) => ({ oldReady, oldAlive, serving, starting });

it('wants as many new workers as there were, until all of them have been ready', () => {
	const rolls = new Rolls();
	const target = (...args: Parameters<typeof muster>): number => rolls.target('ep', 2, muster(...args));
	expect(target(3, 0)).toBe(3);
	expect(target(1, 2, 2, 3)).toBe(3);
	expect(target(0, 2, 1, 1)).toBe(3);
	expect(target(0, 2)).toBe(3);
	expect(target(0, 3, 1)).toBe(3);
	expect(target(0, 1)).toBe(0);
});

it('wants nothing without old workers, and again what there is when another release comes', () => {
	const rolls = new Rolls();
	expect(rolls.target('ep', 1, muster(0, 4))).toBe(0);
	expect(rolls.target('ep', 2, muster(4, 0))).toBe(4);
	expect(rolls.target('ep', 3, muster(2, 0, 0, 4))).toBe(2);
	rolls.forget('ep');
	expect(rolls.target('ep', 3, muster(0, 1))).toBe(0);
});

it('counts workers that drain for long no more once their places are taken', () => {
	const rolls = new Rolls();
	expect(rolls.target('ep', 2, muster(2, 0))).toBe(2);
	expect(rolls.target('ep', 2, muster(0, 2, 0, 1))).toBe(0);
	expect(rolls.target('ep', 2, muster(0, 0, 0, 1))).toBe(0);
});
