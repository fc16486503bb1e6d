/** The simulator's command line. */
import { parseArgs } from 'node:util';

export interface SimOptions {
	readonly seed: number;
	/** Length of the synthetic workloads. */
	readonly hours: number;
	/** Parts of scenarios' names; empty: all. */
	readonly only: readonly string[];
	/** Parts of rules' names; empty: all. */
	readonly rules: readonly string[];
	/** Folder of public traces; undefined: synthetic workloads. */
	readonly traces: string | undefined;
	/** Where the JSON goes. */
	readonly out: string | undefined;
}

export const USAGE = `npm run sim -- [--seed 1] [--hours 24] [--only gentd26,code] [--rules knative,anticipate] [--out file.json]
LONGSHORE_TRACES=<folder of .csv.gz files> runs the public traces; without it the workloads are generated from the seed.`;

/** Parses and checks the arguments; throws with the flag, the bound and the usage. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): SimOptions {
	const { values } = parseArgs({
		args: [...args],
		options: { seed: { type: 'string', default: '1' }, hours: { type: 'string', default: '24' }, only: { type: 'string' }, rules: { type: 'string' }, out: { type: 'string' } },
	});
	const traces = env['LONGSHORE_TRACES'];
	return {
		seed: toInteger('seed', values.seed, 0, 2 ** 31 - 1),
		hours: toInteger('hours', values.hours, 1, 24 * 31),
		only: toWords(values.only),
		rules: toWords(values.rules),
		traces: traces === undefined || traces === '' ? undefined : traces,
		out: values.out,
	};
}

function toWords(text: string | undefined): string[] {
	return (text ?? '')
		.split(',')
		.map((word) => word.trim().toLowerCase())
		.filter((word) => word !== '');
}

function toInteger(flag: string, text: string, min: number, max: number): number {
	const value = Number(text);
	if (!Number.isInteger(value) || value < min || value > max) throw new Error(`--${flag} ${text}: a whole number from ${min} to ${max} is needed\n${USAGE}`);
	return value;
}
