/** Puts outcomes side by side: the table, and which of our settings beat which published rule. */
import type { Outcome } from './ledger.ts';
import type { RuleKind } from './rules/rule.ts';

export interface Row {
	readonly rule: string;
	readonly of: RuleKind['of'];
	readonly outcome: Outcome;
	/** Processor time of the run on this machine. Not part of the result. */
	readonly cpuMs: number;
}

/** Lower P99 wait at no more GPU-seconds. */
export function beats(ours: Outcome, theirs: Outcome): boolean {
	return ours.waitP99Ms < theirs.waitP99Ms && ours.gpuSeconds <= theirs.gpuSeconds;
}

export interface Verdict {
	readonly rule: string;
	/** Our settings that beat it, lowest P99 wait first. */
	readonly beatenBy: readonly string[];
	/** Those that wait exactly as long at no more GPU-seconds: what can be had where nobody waits. */
	readonly equalled: readonly string[];
}

/** For each published rule. */
export function judge(rows: readonly Row[]): Verdict[] {
	const ours = rows.filter((row) => row.of === 'longshore').sort((a, b) => a.outcome.waitP99Ms - b.outcome.waitP99Ms || a.outcome.gpuSeconds - b.outcome.gpuSeconds);
	return rows
		.filter((row) => row.of !== 'longshore')
		.map(({ rule, outcome }) => ({
			rule,
			beatenBy: ours.filter((row) => beats(row.outcome, outcome)).map((row) => row.rule),
			equalled: ours.filter((row) => row.outcome.waitP99Ms === outcome.waitP99Ms && row.outcome.gpuSeconds <= outcome.gpuSeconds).map((row) => row.rule),
		}));
}

/** Our settings that beat every published rule at once. */
export function beatAll(rows: readonly Row[]): string[] {
	const theirs = rows.filter((row) => row.of !== 'longshore');
	return rows.filter((row) => row.of === 'longshore' && theirs.every(({ outcome }) => beats(row.outcome, outcome))).map((row) => row.rule);
}

/** A table in Markdown. */
export function formatTable(rows: readonly Row[]): string {
	const lines = rows.map(({ rule, of, outcome }) => [
		of === 'longshore' ? 'longshore' : '',
		rule,
		seconds(outcome.waitP50Ms),
		seconds(outcome.waitP99Ms),
		String(outcome.coldStarts),
		Math.round(outcome.gpuSeconds).toLocaleString('en-US'),
		share(outcome.gpuSecondsStarting, outcome),
		share(outcome.gpuSecondsIdle, outcome),
		String(outcome.workersPeak),
		outcome.waiting + outcome.running === 0 ? '' : `${outcome.waiting} wait, ${outcome.running} run`,
	]);
	const header = ['', 'rule', 'wait P50 s', 'P99 s', 'cold starts', 'GPU-seconds', 'starting', 'idle', 'workers', 'left'];
	return [header, header.map((_, column) => (column < 2 ? '---' : '---:')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One line a published rule. */
export function formatVerdicts(rows: readonly Row[]): string {
	const all = beatAll(rows);
	const lines = judge(rows).map(({ rule, beatenBy, equalled }) => {
		if (beatenBy.length > 0) return `${rule}: beaten by ${beatenBy.slice(0, 3).join('; ')}${beatenBy.length > 3 ? ` and ${beatenBy.length - 3} more` : ''}`;
		return `${rule}: NOT beaten${equalled.length > 0 ? `, equalled at no more GPU-seconds by ${equalled.slice(0, 3).join('; ')}` : ''}`;
	});
	return [`one setting that beats every rule: ${all.length > 0 ? all.join('; ') : 'none'}`, ...lines].join('\n');
}

function seconds(ms: number): string {
	return (ms / 1_000).toFixed(2);
}

function share(part: number, outcome: Outcome): string {
	return `${outcome.gpuSeconds === 0 ? 0 : Math.round((100 * part) / outcome.gpuSeconds)} %`;
}
