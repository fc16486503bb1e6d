/** Makes a broken history small: leaves out faults and jobs for as long as the same invariant still breaks. */
import type { PlayOptions, PlayResult } from './play.ts';

export type Play = (options: PlayOptions) => Promise<PlayResult>;

/** Plays at most this often. */
const PLAYS_MAX = 60;

/** The smallest history that was found to break what `broken` breaks. */
export async function shrink(broken: PlayResult, play: Play, tell: (text: string) => void = () => {}): Promise<PlayResult> {
	const invariant = broken.violations[0]?.invariant;
	let best = broken;
	let plays = 0;
	const tryWith = async (faults: readonly number[], jobs: readonly number[]): Promise<boolean> => {
		plays++;
		const result = await play({ seed: broken.seed, hours: broken.hours, faults, jobs });
		if (result.violations[0]?.invariant !== invariant) return false;
		best = result;
		tell(`${result.faultNumbers.length} faults, ${result.jobNumbers.length} jobs still break ${invariant}`);
		return true;
	};
	// What came after the break is gone at once: a result lists only what came before it.
	for (let pieces = 2; plays < PLAYS_MAX; pieces *= 2) {
		let smaller = false;
		for (const what of ['faults', 'jobs'] as const) {
			const numbers = what === 'faults' ? best.faultNumbers : best.jobNumbers;
			for (const piece of cut(numbers, pieces)) {
				if (plays >= PLAYS_MAX) break;
				const left = (what === 'faults' ? best.faultNumbers : best.jobNumbers).filter((n) => !piece.includes(n));
				const done = what === 'faults' ? await tryWith(left, best.jobNumbers) : await tryWith(best.faultNumbers, left);
				smaller ||= done;
			}
		}
		if (smaller) pieces = Math.max(1, pieces / 4);
		else if (pieces > Math.max(best.faultNumbers.length, best.jobNumbers.length)) break;
	}
	return best;
}

function cut(numbers: readonly number[], pieces: number): number[][] {
	const size = Math.max(1, Math.ceil(numbers.length / pieces));
	const cuts: number[][] = [];
	for (let at = 0; at < numbers.length; at += size) cuts.push(numbers.slice(at, at + size));
	return cuts;
}
