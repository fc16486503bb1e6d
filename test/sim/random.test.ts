import { expect, test } from 'vitest';
import { createRandom, exponential, gamma, logNormal, type Random } from './random.ts';

function mean(draw: () => number, count = 40_000): number {
	let sum = 0;
	for (let index = 0; index < count; index++) sum += draw();
	return sum / count;
}

test('the same seed and stream repeat, another seed or stream differs', () => {
	const ten = (random: Random): number[] => Array.from({ length: 10 }, random);
	expect(ten(createRandom(1, 'a'))).toEqual(ten(createRandom(1, 'a')));
	expect(ten(createRandom(1, 'a'))).not.toEqual(ten(createRandom(2, 'a')));
	expect(ten(createRandom(1, 'a'))).not.toEqual(ten(createRandom(1, 'b')));
});

test.each([
	['exponential', (random: Random) => exponential(random, 5), 5],
	['gamma above shape 1', (random: Random) => gamma(random, 4, 2), 8],
	['gamma below shape 1', (random: Random) => gamma(random, 0.25, 8), 2],
	['log-normal', (random: Random) => logNormal(random, 3, 0.5), 3 * Math.exp(0.125)],
])('%s has the mean that its parameters say', (_, draw, expected) => {
	const random = createRandom(11, 'mean');
	expect(Math.abs(mean(() => draw(random)) / expected - 1)).toBeLessThan(0.05);
});
