/** A run's result for people and programs: a table, Markdown and JSON. Pure. */
import type { Minimums, Verdict } from './check/judge.ts';
import { INVARIANTS } from './check/violation.ts';

export interface RunFacts {
	readonly seed: number;
	readonly tier: string;
	readonly commit: string;
	readonly startedAt: string;
	readonly seconds: number;
	readonly machine: string;
}

const SHOWN_MAX = 20;

/** Each invariant with its violations, then each count with its minimum. */
export function formatVerdict(facts: RunFacts, verdict: Verdict, minimums: Minimums): string {
	const { violations, counts, faults, unmet, passed } = verdict;
	const names = Object.keys(counts);
	const width = Math.max(...names.map((name) => name.length), ...Object.values(INVARIANTS).map((text) => text.length + 6));
	const lines = [
		`${facts.tier} run, seed ${facts.seed}, commit ${facts.commit}, ${facts.startedAt}, ${facts.seconds} s on ${facts.machine}`,
		'One machine, loopback, made-up workers, shortened timers.',
		'',
		...Object.entries(INVARIANTS).map(([id, text]) => {
			const broken = violations.filter(({ invariant }) => invariant === id).length;
			return `${`${id.padEnd(5)} ${text}`.padEnd(width)}  ${broken === 0 ? 'holds' : `BROKEN ${broken} times`}`;
		}),
		'',
		...names.map((name) => `${name.padEnd(width)}  ${String(counts[name]).padStart(7)}${minimums[name] === undefined ? '' : `  at least ${minimums[name]}`}`),
		'',
		`faults: ${Object.entries(faults)
			.sort(([a], [b]) => a.localeCompare(b))
			.map(([kind, times]) => `${kind} ${times}`)
			.join(', ')}`,
		'',
		...violations.slice(0, SHOWN_MAX).map(({ invariant, what }) => `${invariant}: ${what}`),
		...(violations.length > SHOWN_MAX ? [`… and ${violations.length - SHOWN_MAX} more, all in the report`] : []),
		...unmet.map((what) => `too little: ${what}`),
		passed ? 'PASSED' : 'FAILED',
	];
	return `${lines.join('\n')}\n`;
}

/** The same as a page. */
export function toMarkdown(facts: RunFacts, verdict: Verdict, minimums: Minimums): string {
	const rows = Object.entries(verdict.counts).map(([name, value]) => `| ${name} | ${value} | ${minimums[name] ?? ''} |`);
	const invariants = Object.entries(INVARIANTS).map(([id, text]) => `| ${id} | ${text} | ${verdict.violations.filter(({ invariant }) => invariant === id).length} |`);
	const faults = Object.entries(verdict.faults).map(([kind, times]) => `| ${kind} | ${times} |`);
	return `# Chaos run: ${verdict.passed ? 'passed' : 'failed'}

Seed ${facts.seed}, ${facts.tier} tier, commit \`${facts.commit}\`, ${facts.startedAt}, ${facts.seconds} s on ${facts.machine}. One machine, loopback, made-up workers, shortened timers.

| invariant | | violations |
|---|---|---|
${invariants.join('\n')}

| count | seen | at least |
|---|---|---|
${rows.join('\n')}

| fault | times |
|---|---|
${faults.join('\n')}
${verdict.violations.map(({ invariant, what }) => `\n- ${invariant}: ${what}`).join('')}${verdict.unmet.map((what) => `\n- too little: ${what}`).join('')}
`;
}
