/** Seeded randomness: the same seed gives the same numbers on every machine. */

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** A generator of its own for each `stream` of a seed, so that one part's draws do not shift another's (mulberry32 behind an FNV-1a hash). */
export function createRandom(seed: number, stream: string): Random {
	let state = (0x811c9dc5 ^ seed) >>> 0;
	for (let at = 0; at < stream.length; at++) state = Math.imul(state ^ stream.charCodeAt(at), 0x01000193) >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

export function exponential(random: Random, mean: number): number {
	return -Math.log(1 - random()) * mean;
}

export function normal(random: Random): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Log-normal by its median and the standard deviation of its logarithm. */
export function logNormal(random: Random, median: number, sigma: number): number {
	return median * Math.exp(sigma * normal(random));
}

/** Gamma by shape and scale (Marsaglia and Tsang, 2000; below shape 1 by the usual boost). */
export function gamma(random: Random, shape: number, scale: number): number {
	if (shape < 1) return gamma(random, shape + 1, scale) * (1 - random()) ** (1 / shape);
	const d = shape - 1 / 3;
	const c = 1 / Math.sqrt(9 * d);
	for (;;) {
		const x = normal(random);
		const v = (1 + c * x) ** 3;
		if (v <= 0) continue;
		const u = 1 - random();
		if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v * scale;
	}
}

/** One of the values, each as likely. */
export function pick(random: Random, values: readonly number[]): number {
	return values[Math.floor(random() * values.length)] ?? 0;
}
