/** `npm run chaos`: breaks a stack of its own under load, judges what was seen, prints the verdict and keeps history and report. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { runChaos } from './chaos-run.ts';
import { judge } from './check/judge.ts';
import { startStackUnderTest } from './faults/stack-under-test.ts';
import { openHistory } from './history/write-history.ts';
import { parseOptions, USAGE } from './options.ts';
import { formatVerdict, type RunFacts, toMarkdown } from './report.ts';

const STATUS_EVERY_MS = 5_000;

if (process.argv.includes('--help')) {
	process.stdout.write(`${USAGE}\n`);
	process.exit(0);
}
const options = parseOptions(process.argv.slice(2));
const startedAt = new Date();
const folder = resolve(options.out ?? join(import.meta.dirname, '../../chaos-results', startedAt.toISOString().slice(0, 19).replaceAll(':', '')));
const history = openHistory(join(folder, 'history.jsonl'));
const say = (line: string): void => void process.stderr.write(`${((Date.now() - startedAt.getTime()) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);
const stack = await startStackUnderTest(() => undefined);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.on(signal, () => {
		stack.kill();
		process.exit(130);
	});
}
const status = setInterval(() => say(statusLine()), STATUS_EVERY_MS);
const commit = commitOf();
say(`seed ${options.seed}, ${options.tier.name} tier, commit ${commit}; history in ${folder}`);
try {
	await runChaos(stack, history, { ...options, commit, progress: say });
} finally {
	clearInterval(status);
	history.close();
	if (options.keep) stack.kill();
	else await stack.stop().catch((error: unknown) => say(String(error)));
}
const minimums = options.only.length > 0 ? {} : options.tier.minimums;
const verdict = judge(history.all(), minimums, { isLong: options.tier.name === 'soak' });
const facts: RunFacts = {
	seed: options.seed,
	tier: options.tier.name,
	commit,
	startedAt: startedAt.toISOString().slice(0, 16),
	seconds: Math.round((Date.now() - startedAt.getTime()) / 1_000),
	machine: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}`,
};
writeFileSync(join(folder, 'report.json'), `${JSON.stringify({ ...facts, ...verdict, minimums }, undefined, '\t')}\n`);
writeFileSync(join(folder, 'report.md'), toMarkdown(facts, verdict, minimums));
process.stdout.write(`\n${formatVerdict(facts, verdict, minimums)}\nhistory and report: ${folder}\n`);
if (options.keep) process.stdout.write(`the stack's files: ${stack.home}\n`);
else rmSync(stack.home, { recursive: true, force: true });
process.exit(verdict.passed ? 0 : 1);

function statusLine(): string {
	const events = history.all();
	const count = (of: (event: (typeof events)[number]) => boolean): number => events.reduce((sum, event) => sum + (of(event) ? 1 : 0), 0);
	const acknowledged = count((event) => event.is === 'submit' && event.outcome === 'ok');
	const ended = new Set(events.flatMap((event) => (event.is === 'read' && ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'].includes(event.state ?? '') ? [event.id] : [])));
	const offers = count((event) => event.is === 'offer' && event.verdict !== 'none');
	return `${acknowledged} acknowledged, ${ended.size} ended, ${count((event) => event.is === 'fault')} faults healed, ${offers} stale results refused`;
}

/** With a mark when the tree differs from it. */
function commitOf(): string {
	try {
		const git = (...args: string[]): string => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
		return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
	} catch {
		return 'unknown';
	}
}
