/** What the n-th job is, from a seed: its recipe, its verb, its input, whether it is submitted twice or calls back. Pure. */
import { createRandom, type Random } from '../../sim/random.ts';
import type { Recipe } from '../history/event.ts';

export interface PlannedJob {
	readonly n: number;
	readonly recipe: Recipe;
	readonly verb: 'run' | 'runsync';
	/** Which of the run's endpoints. */
	readonly endpoint: 'main' | 'other' | 'rough' | 'purged';
	readonly input: Readonly<Record<string, unknown>>;
	readonly policy: Readonly<Record<string, number>> | null;
	readonly webhook: boolean;
	/** Submitted again under the same key. */
	readonly twice: boolean;
	/** Its result is read around the end of its retention. */
	readonly watchExpiry: boolean;
	/** Milliseconds from its acknowledgement to its cancel, of the recipe of that name. */
	readonly cancelAfterMs: number;
	readonly retried: boolean;
}

const LARGE_BYTES = 150_000;
const SHARES: readonly (readonly [Recipe, number])[] = [
	['quick', 0.735],
	['slow', 0.04],
	['stream', 0.05],
	['fail', 0.035],
	['crash', 0.003],
	['hang', 0.002],
	['large', 0.015],
	['cancel', 0.05],
	['ttl', 0.01],
	['purged', 0.06],
];

/** Deals jobs one by one, the same ones for the same seed. */
export function dealJobs(seed: number): () => PlannedJob {
	const random = createRandom(seed, 'workload');
	let n = 0;
	return () => deal(n++, random);
}

function deal(n: number, random: Random): PlannedJob {
	const recipe = recipeOf(random());
	const [verbAt, placeAt, sizeAt, hookAt, twiceAt, expiryAt, cancelAt, retriedAt] = Array.from({ length: 8 }, random) as [
		number,
		number,
		number,
		number,
		number,
		number,
		number,
		number,
	];
	const endpoint = placeOf(recipe, placeAt);
	const verb = recipe === 'quick' && verbAt < 0.27 ? 'runsync' : 'run';
	return {
		n,
		recipe,
		verb,
		endpoint,
		input: { n, sign: 1, tenant: `tenant-of-${endpoint === 'other' ? 'other' : 'main'}`, ...doing(recipe, sizeAt) },
		policy: policyOf(recipe),
		webhook: recipe !== 'cancel' && recipe !== 'purged' && hookAt < 0.1,
		twice: verb === 'run' && twiceAt < 0.06,
		watchExpiry: recipe === 'quick' && verb === 'run' && expiryAt < 0.2,
		cancelAfterMs: cancelAt * 600,
		retried: recipe === 'fail' && retriedAt < 0.5,
	};
}

function recipeOf(draw: number): Recipe {
	let left = draw;
	for (const [recipe, share] of SHARES) {
		if (left < share) return recipe;
		left -= share;
	}
	return 'quick';
}

function placeOf(recipe: Recipe, draw: number): PlannedJob['endpoint'] {
	if (recipe === 'purged') return 'purged';
	if (recipe === 'crash' || recipe === 'hang') return 'rough';
	return draw < 0.2 ? 'other' : 'main';
}

/** Members that the raw worker obeys. */
function doing(recipe: Recipe, draw: number): Readonly<Record<string, unknown>> {
	switch (recipe) {
		case 'slow':
			return { sleepMs: 1_000 + Math.round(draw * 2_000) };
		case 'stream':
			return { chunks: 10, everyMs: 20 };
		case 'fail':
			return { fail: 'as it was told to', sleepMs: 5 };
		case 'crash':
			return { crash: 3 };
		case 'hang':
			return { sleepMs: 600_000 };
		case 'large':
			return { filling: 'x'.repeat(LARGE_BYTES), sleepMs: 20 };
		case 'cancel':
			return { sleepMs: Math.round(draw * 800) };
		case 'purged':
			return { sleepMs: 150 };
		default:
			return { sleepMs: Math.round(draw * 40) };
	}
}

function policyOf(recipe: Recipe): Readonly<Record<string, number>> | null {
	if (recipe === 'ttl') return { ttl: 10_000 };
	return recipe === 'hang' ? { executionTimeout: 5_000 } : null;
}
