/** `npm run bench`: starts its own stack, loads it, prints and writes what came of it. */
import { resolve } from 'node:path';
import { type Stack, startStack } from '../support/start-stack.ts';
import { currentCommit, describeMachine } from './machine.ts';
import { measureAll } from './measure/all.ts';
import { type BenchOptions, parseOptions, USAGE } from './options.ts';
import { withBullMq } from './peers/bullmq.ts';
import { type Figure, formatTable, missedBounds, type Report, readReport, writeReport } from './report.ts';
import { containerStarts, openBenchEngine, processStarts } from './starts-places.ts';
import { stackSubject } from './subject.ts';

const RESULTS_DIR = resolve(import.meta.dirname, '../../bench-results');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

if (process.argv.includes('--help')) {
	process.stdout.write(`${USAGE}\n`);
	process.exit(0);
}
const options = parseOptions(process.argv.slice(2));
const report = await measureStack(options);
const other = await findComparison(options);
const file = resolve(RESULTS_DIR, `${report.at.slice(0, 19).replaceAll(':', '')}-${report.commit.replace('+', '-dirty')}.json`);
writeReport(file, { ...report, ...(other?.name === 'bullmq' ? { peers: { bullmq: other.figures } } : {}) });
const machine = Object.entries(report.machine).map(([name, value]) => `${name} ${value}`);
process.stdout.write(`\n${report.at}  commit ${report.commit}  ${machine.join('  ')}\n\n${formatTable(report, other)}\n\nwritten to ${file}\n`);
for (const figure of missedBounds(report)) process.stdout.write(`MISSED: ${figure.name} is ${figure.value.toFixed(1)} ${figure.unit}\n`);

async function measureStack(options: BenchOptions): Promise<Report> {
	say('starting a stack of its own …');
	const bench = options.only.includes('starts') ? await openBenchEngine(say) : null;
	const stack: Stack = await startStack({ timeoutMs: 300_000, env: { LONGSHORE_RATE_LIMITS: 'off', ...bench?.env } });
	const starts = async () => [processStarts(stack), ...(bench === null ? [] : [await containerStarts(stack, bench.engine)])];
	try {
		const figures = await measureAll(stackSubject(stack, starts), options, say);
		return { at: new Date().toISOString(), commit: currentCommit(), machine: describeMachine(stack), figures };
	} catch (error) {
		say(`--- last output of the stack ---\n${stack.stdout().slice(-4_000)}`);
		throw error;
	} finally {
		await stack.stop();
		await bench?.engine.stop();
	}
}

/** The peer's figures of the same run, or those of the file that `--compare` names. */
async function findComparison(options: BenchOptions): Promise<{ name: string; figures: readonly Figure[] } | undefined> {
	if (options.peer === 'bullmq') return { name: 'bullmq', figures: await withBullMq((subject) => measureAll(subject, options, (text) => say(`bullmq: ${text}`))) };
	return options.compareFile === undefined ? undefined : { name: 'earlier', figures: readReport(options.compareFile).figures };
}
