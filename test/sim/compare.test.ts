import { expect, test } from 'vitest';
import { beatAll, beats, formatTable, judge, type Row } from './compare.ts';
import type { Outcome } from './ledger.ts';
import { longshore } from './rules/longshore.ts';
import { simulate } from './simulate.ts';
import { tiny } from './support.ts';

const ONE = simulate(tiny([[0, 3]]), longshore('x', { type: 'REQUEST_COUNT', requestCount: 1 }, 5), 1);

function row(rule: string, of: Row['of'], waitP99Ms: number, gpuSeconds: number): Row {
	return { rule, of, cpuMs: 0, outcome: { ...ONE, waitP99Ms, gpuSeconds } satisfies Outcome };
}

test('to beat is to wait less at no more GPU-seconds', () => {
	const theirs = row('t', 'keda', 10, 100).outcome;
	expect(beats(row('o', 'longshore', 9, 100).outcome, theirs)).toBe(true);
	expect(beats(row('o', 'longshore', 9, 101).outcome, theirs)).toBe(false);
	expect(beats(row('o', 'longshore', 10, 50).outcome, theirs)).toBe(false);
});

test('a rule that no setting beats is said to be unbeaten, with those that equal it', () => {
	const rows = [row('a', 'longshore', 0, 90), row('b', 'longshore', 9, 50), row('keda', 'keda', 0, 100), row('knative', 'knative', 10, 60)];
	expect(judge(rows)).toEqual([
		{ rule: 'keda', beatenBy: [], equalled: ['a'] },
		{ rule: 'knative', beatenBy: ['b'], equalled: [] },
	]);
	expect(beatAll(rows)).toEqual([]);
	expect(beatAll([...rows.slice(1, 2), ...rows.slice(3)])).toEqual(['b']);
});

test('the table has a line a rule and says what was left over', () => {
	const lines = formatTable([{ ...row('a', 'longshore', 9_500, 1_234), outcome: { ...ONE, waitP99Ms: 9_500, gpuSeconds: 1_234, waiting: 2 } }]).split('\n');
	expect(lines).toHaveLength(3);
	expect(lines[2]).toContain('9.50');
	expect(lines[2]).toContain('1,234');
	expect(lines[2]).toContain('2 wait, 0 run');
});
