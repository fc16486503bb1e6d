/** `npm run dst`: plays many simulated histories, each twice, and fails when one breaks an invariant, differs from itself, or all together met too little. */
import { parseArgs } from 'node:util';
import { inLanes, playApart } from './lanes.ts';
import { addCounts, findVacuous } from './minima.ts';
import type { PlayResult } from './play.ts';
import { formatCounts, formatHistory, replayCommand } from './report.ts';
import { shrink } from './shrink.ts';

const USAGE = `npm run dst -- [--seeds 22] [--from 1] [--hours 10] [--once]      many histories, each twice (--once: only once)
npm run dst -- --seed N [--hours 10] [--faults 3,7] [--jobs 1,2] [--shrink]  one history, of these faults and jobs only`;

const { values } = parseArgs({
	options: {
		seeds: { type: 'string', default: '22' },
		from: { type: 'string', default: '1' },
		hours: { type: 'string', default: '10' },
		once: { type: 'boolean', default: false },
		seed: { type: 'string' },
		faults: { type: 'string' },
		jobs: { type: 'string' },
		shrink: { type: 'boolean', default: false },
		help: { type: 'boolean', default: false },
	},
});
const write = (text: string): void => void process.stdout.write(`${text}\n`);
const hours = Number(values.hours);
const numbers = (text: string | undefined): number[] | null => (text === undefined ? null : text === 'none' ? [] : text.split(',').map(Number));

if (values.help) write(USAGE);
else if (values.seed !== undefined) process.exitCode = await playOne(Number(values.seed));
else process.exitCode = await playMany(Number(values.from), Number(values.seeds));

async function playOne(seed: number): Promise<number> {
	const result = await playApart({ seed, hours, faults: numbers(values.faults), jobs: numbers(values.jobs) });
	write(formatCounts(result.counts));
	write(`seed ${seed}: ${result.simulatedHours.toFixed(1)} simulated hours, ${result.events} events, trace ${result.hash}`);
	if (result.violations.length === 0) return 0;
	write(formatHistory(values.shrink ? await shrink(result, playApart, write) : result));
	return 1;
}

async function playMany(from: number, count: number): Promise<number> {
	const startedAt = performance.now();
	const seeds = Array.from({ length: count }, (_, i) => from + i);
	const pairs = await inLanes(seeds, async (seed): Promise<readonly PlayResult[]> => {
		const options = { seed, hours, faults: null, jobs: null };
		const first = await playApart(options);
		const both = values.once ? [first] : [first, await playApart(options)];
		const verdict = first.violations.length > 0 ? `BROKEN ${first.violations[0]?.invariant}` : both.some(({ hash }) => hash !== first.hash) ? 'DIFFERS FROM ITSELF' : 'ok';
		write(`seed ${seed}: ${first.simulatedHours.toFixed(1)} h, ${first.jobs} jobs, ${first.faults} faults, ${first.events} events, trace ${first.hash.slice(0, 16)} ${verdict}`);
		return both;
	});
	const firsts = pairs.flatMap(([first]) => first ?? []);
	const counts = addCounts(firsts.map((result) => result.counts));
	const simulated = firsts.reduce((sum, result) => sum + result.simulatedHours, 0);
	const vacuous = findVacuous(counts, hours * count);
	const broken = firsts.filter(({ violations }) => violations.length > 0);
	const unlike = pairs.filter(([first, second]) => second !== undefined && first?.hash !== second.hash);
	write(formatCounts(counts));
	write(
		`${count} histories, ${simulated.toFixed(1)} simulated hours, ${firsts.reduce((sum, result) => sum + result.faults, 0)} faults, ${firsts.reduce((sum, result) => sum + result.jobs, 0)} jobs in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
	);
	write(`${broken.length} broken, ${unlike.length} unlike themselves on repeat, ${vacuous.length} minima missed`);
	for (const line of vacuous) write(`  ${line}`);
	const worst = broken[0];
	if (worst !== undefined) {
		const small = await shrink(worst, playApart, write);
		write(formatHistory(small));
		write(replayCommand(small, false));
	}
	return broken.length + unlike.length + vacuous.length === 0 ? 0 : 1;
}
