/** The benchmark's command line. */
import { parseArgs } from 'node:util';

export const MEASUREMENTS = ['latency', 'runsync', 'arrivals', 'jobs', 'submits', 'chunks', 'large', 'waiting', 'balanced', 'starts'] as const;
export type Measurement = (typeof MEASUREMENTS)[number];

export interface BenchOptions {
	readonly only: readonly Measurement[];
	/** Length of each closed or open loop. */
	readonly seconds: number;
	/** Jobs in each pile of the jobs measurement. */
	readonly jobs: number;
	/** Arrivals per second of the open loop. */
	readonly ratePerS: number | undefined;
	readonly peer: 'bullmq' | undefined;
	/** JSON of an earlier run to print ratios against. */
	readonly compareFile: string | undefined;
}

export const USAGE = `npm run bench -- [--only ${MEASUREMENTS.join(',')}] [--seconds 5] [--jobs 8000] [--rate 500] [--peer bullmq] [--compare bench-results/….json]`;

/** Parses and checks the arguments; throws with the flag, the bound and the usage. */
export function parseOptions(args: readonly string[]): BenchOptions {
	const { values } = parseArgs({
		args: [...args],
		options: {
			only: { type: 'string' },
			seconds: { type: 'string', default: '5' },
			jobs: { type: 'string', default: '8000' },
			rate: { type: 'string' },
			peer: { type: 'string' },
			compare: { type: 'string' },
		},
	});
	const only = values.only === undefined ? [...MEASUREMENTS] : values.only.split(',').map(toMeasurement);
	if (values.peer !== undefined && values.peer !== 'bullmq') throw new Error(`--peer ${values.peer}: the only peer is bullmq\n${USAGE}`);
	return {
		only,
		seconds: toNumber('seconds', values.seconds, 1, 600),
		jobs: toNumber('jobs', values.jobs, 10, 1_000_000),
		ratePerS: values.rate === undefined ? undefined : toNumber('rate', values.rate, 1, 100_000),
		peer: values.peer,
		compareFile: values.compare,
	};
}

function toMeasurement(name: string): Measurement {
	const known = MEASUREMENTS.find((measurement) => measurement === name);
	if (known === undefined) throw new Error(`--only ${name}: known are ${MEASUREMENTS.join(', ')}\n${USAGE}`);
	return known;
}

function toNumber(flag: string, text: string, min: number, max: number): number {
	const value = Number(text);
	if (!Number.isFinite(value) || value < min || value > max) throw new Error(`--${flag} ${text}: a number from ${min} to ${max} is needed\n${USAGE}`);
	return value;
}
