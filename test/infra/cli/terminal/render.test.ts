import { describe, expect, it } from 'vitest';
import { bar } from '../../../../infra/cli/terminal/chart.ts';
import { formatMs, parseDurationMs } from '../../../../infra/cli/terminal/duration.ts';
import { moneyFormat, perSecond } from '../../../../infra/cli/terminal/money.ts';
import { createStyle, displayWidth, plain, wantsColor } from '../../../../infra/cli/terminal/style.ts';
import { type Column, renderFacts, renderTable, wrap } from '../../../../infra/cli/terminal/table.ts';
import { toYaml } from '../../../../infra/cli/terminal/yaml.ts';

const style = createStyle(false);
interface Row {
	readonly id: string;
	readonly text: string;
	readonly extra: string;
}
const COLUMNS: readonly Column<Row>[] = [
	{ title: 'ID', value: ({ id }) => id },
	{ title: 'TEXT', value: ({ text }) => text, cut: true },
	{ title: 'EXTRA', value: ({ extra }) => extra, drop: 1 },
];
const ROWS: readonly Row[] = [{ id: 'a-long-identifier', text: 'some text that goes on for quite a while', extra: 'more of it' }];

describe('tables', () => {
	it('never get wider than the terminal, and never cut an id', () => {
		for (let width = 28; width < 120; width++) {
			const lines = renderTable(COLUMNS, ROWS, width, style);
			for (const line of lines) expect(displayWidth(line), `at ${width}`).toBeLessThanOrEqual(width);
			expect(lines[1]).toContain('a-long-identifier');
		}
	});

	it('show everything where nobody watches', () => {
		expect(renderTable(COLUMNS, ROWS, Number.POSITIVE_INFINITY, style)[1]).toBe('a-long-identifier  some text that goes on for quite a while  more of it');
	});

	it('leave out a column that says nothing', () => {
		expect(renderTable(COLUMNS, [{ id: 'a', text: 'b', extra: '' }], 80, style)).toEqual(['ID  TEXT', 'a   b']);
	});

	it('count wide characters as two columns and escape sequences as none', () => {
		expect(displayWidth('日本')).toBe(4);
		expect(displayWidth('\u001b[31mred\u001b[39m')).toBe(3);
	});

	it('wrap values below themselves and keep their indentation', () => {
		expect(renderFacts([['Why', 'one two three four five']], 25, style)).toEqual(['Why  one two three four', '     five']);
		expect(wrap('  {\n    "a": 1', 80)).toEqual(['  {', '    "a": 1']);
	});
});

describe('charts and money', () => {
	it('draw a bar to an eighth of a column, never nothing for something and never wider than asked', () => {
		expect([0, 0.000_1, 0.25, 0.53, 1, 7].map((share) => bar(share, 4))).toEqual(['', '▏', '█', '██▏', '████', '████']);
		expect(bar(Number.NaN, 4)).toBe('');
	});

	it('write the amounts of one table with the same digits', () => {
		expect([1_202.688, 0.004].map(moneyFormat([1_202.688, 0.004]))).toEqual(['$1,202.69', '$0.00']);
		expect(moneyFormat([0.5])(0.0186)).toBe('$0.0186');
		expect(moneyFormat([0.000_03])(0.000_03)).toBe('$0.000030');
		expect([perSecond(0.00019), perSecond(0.000_805_56)]).toEqual(['$0.00019/s', '$0.00080556/s']);
	});
});

describe('colours', () => {
	it('follow flag, NO_COLOR, FORCE_COLOR and TERM, in this order', () => {
		expect(wantsColor({}, true, undefined)).toBe(true);
		expect(wantsColor({}, false, undefined)).toBe(false);
		expect(wantsColor({ TERM: 'dumb' }, true, undefined)).toBe(false);
		expect(wantsColor({ FORCE_COLOR: '1' }, false, undefined)).toBe(true);
		expect(wantsColor({ FORCE_COLOR: '0' }, true, undefined)).toBe(false);
		expect(wantsColor({ NO_COLOR: '1', FORCE_COLOR: '1' }, true, undefined)).toBe(false);
		expect(wantsColor({ FORCE_COLOR: '1' }, true, false)).toBe(false);
	});

	it('come from us alone: escape sequences of a server do not reach the terminal', () => {
		const shown = plain('\u001b[2J\u001b]0;title\u0007x');
		for (const char of ['\u001b', '\u0007']) expect(shown).not.toContain(char);
	});
});

describe('durations', () => {
	it('are read with their units and refused without sense', () => {
		expect([parseDurationMs('30s', 'x'), parseDurationMs('5m', 'x'), parseDurationMs('1.5h', 'x'), parseDurationMs('250ms', 'x'), parseDurationMs('7', 'x')]).toEqual([
			30_000, 300_000, 5_400_000, 250, 7_000,
		]);
		for (const bad of ['', 'soon', '-1s', '1w', '1s 2s']) expect(() => parseDurationMs(bad, '--ttl'), bad).toThrow('--ttl');
	});

	it('are shown in two units at most', () => {
		expect([50, 2_400, 12_300, 200_000, 3_599_000, 18_120_000, 356_400_000].map(formatMs)).toEqual(['50 ms', '2.4 s', '12 s', '3 min 20 s', '1 h', '5 h 2 min', '4 d 3 h']);
	});
});

describe('YAML', () => {
	it('is block style and quotes what would read as something else', () => {
		expect(toYaml({ name: 'embed', on: 'yes', version: '1.0', list: [{ a: 1, b: ['x'] }, 'y'], none: null, empty: [], map: {}, text: 'a: b #c', lines: 'a\nb' })).toBe(
			'name: embed\n"on": "yes"\nversion: "1.0"\nlist:\n  - a: 1\n    b:\n      - x\n  - "y"\nnone: null\nempty: []\nmap: {}\ntext: "a: b #c"\nlines: "a\\nb"\n',
		);
	});
});
