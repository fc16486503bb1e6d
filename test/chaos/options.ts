/** The chaos run's command line. */
import { parseArgs } from 'node:util';
import { CI_TIER, SHORT_TIER, soakOf, type Tier } from './plan/tiers.ts';

export interface ChaosOptions {
	readonly seed: number;
	readonly tier: Tier;
	/** Parts of names of the kinds of faults; empty: all. Such a run has no minimums. */
	readonly only: readonly string[];
	/** Folder for the history and the report. */
	readonly out: string | undefined;
	/** The stack's home, with all logs, stays. */
	readonly keep: boolean;
}

export const USAGE = `npm run chaos -- [--seed 1] [--short | --soak 30m] [--rate 33] [--only "kill broker,cut"] [--out folder] [--keep]
Two regions on this machine under a mixed load, while everything is killed, frozen, cut off and emptied; then judged from its history.
Without a flag: about 6 minutes, at least 60 faults and 7,000 jobs. --short: about 2 minutes. --soak: as long as you say.
--rate: jobs a second, for machines that are slow or busy; what a run has to have seen to count stays the same.`;

const SOAK = /^(\d{1,4})m$/;

/** Parses and checks the arguments; throws with the flag, the bound and the usage. */
export function parseOptions(args: readonly string[]): ChaosOptions {
	const text = { type: 'string' } as const;
	const flag = { type: 'boolean', default: false } as const;
	const { values } = parseArgs({ args: [...args], options: { seed: { type: 'string', default: '1' }, short: flag, soak: text, rate: text, only: text, out: text, keep: flag } });
	const seed = Number(values.seed);
	if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) throw new Error(`--seed ${values.seed}: a whole number from 0 to ${2 ** 31 - 1} is needed\n${USAGE}`);
	if (values.short && values.soak !== undefined) throw new Error(`--short and --soak: choose one\n${USAGE}`);
	const only = (values.only ?? '')
		.split(',')
		.map((word) => word.trim())
		.filter((word) => word !== '');
	const tier = values.soak === undefined ? (values.short ? SHORT_TIER : CI_TIER) : soakTier(values.soak);
	return { seed, tier: values.rate === undefined ? tier : { ...tier, jobsPerS: rateOf(values.rate) }, only, out: values.out, keep: values.keep };
}

function rateOf(text: string): number {
	const rate = Number(text);
	if (!(rate >= 0.1 && rate <= 1_000)) throw new Error(`--rate ${text}: jobs a second from 0.1 to 1000 are needed\n${USAGE}`);
	return rate;
}

function soakTier(text: string): Tier {
	const minutes = Number(SOAK.exec(text)?.[1] ?? 0);
	if (minutes < 1 || minutes > 1_440) throw new Error(`--soak ${text}: minutes from 1m to 1440m are needed, such as 30m\n${USAGE}`);
	return soakOf(minutes);
}
