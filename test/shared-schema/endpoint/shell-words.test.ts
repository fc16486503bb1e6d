import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShellWordsError, splitShellWords } from '../../../shared-schema/src/endpoint/shell-words.ts';

/** What a real shell makes of each text: one `sh` for all of them, words ended by NUL. */
function shellWords(texts: readonly string[]): (string[] | null)[] {
	const script = texts.map((text) => `printf '<'; sh -c ${quote(`for word in ${text}\ndo printf '%s\\001' "$word"; done`)} 2>/dev/null || printf '!'; printf '\\002'`).join('\n');
	const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } });
	if (status !== 0) throw new Error(`sh ended with ${status}`);
	return stdout
		.split('\u0002')
		.slice(0, -1)
		.map((answer) => (answer.endsWith('!') ? null : answer.slice(1).split('\u0001').slice(0, -1)));
}

function quote(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

const CORPUS = [
	'python3 -u handler.py',
	'  python3   -u\thandler.py  ',
	`sh -c 'echo "a b"'`,
	`a"b c"d'e f'g`,
	`"" '' a`,
	'"a\\"b" "a\\\\b" "a\\b" "a\\nb"',
	String.raw`a\ b \"c\" \'d\' \\e \n`,
	`'a\\b' 'a"b'`,
	'--flag="x y" --path=/a/b,c:d@e%f+g',
	'"\\$HOME" \'$HOME\' "\\`x\\`"',
	'ü "日本 語" 🙂',
	'a\u00a0b "c\u2003d" e\u2028f',
	'a\\\nb "c\\\nd" \'e\\\nf\'',
	'"multi\nline" \'and\nmore\'',
];

describe('a start command', () => {
	test('splits as a real shell does', () => {
		expect(CORPUS.map(splitShellWords)).toEqual(shellWords(CORPUS));
	});

	test('splits as a real shell does, for any mix of quotes, escapes and spaces', () => {
		const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '"', "'", '\\', '\\\\', '\u00e9', '\u00a0', '-', '.'), maxLength: 14 });
		const texts = fc.sample(text, { numRuns: 400, seed: 7 }).filter((sample) => !sample.endsWith('\\'));
		const ours = texts.map((sample) => {
			try {
				return splitShellWords(sample);
			} catch (error) {
				if (error instanceof ShellWordsError) return null;
				throw error;
			}
		});
		const shells = shellWords(texts);
		texts.forEach((sample, i) => {
			expect(ours[i], JSON.stringify(sample)).toEqual(shells[i]);
		});
		expect(ours.filter((words) => words === null).length).toBeGreaterThan(20);
		expect(ours.filter((words) => words !== null && words.length > 1).length).toBeGreaterThan(20);
	}, 60_000);

	test('expands nothing', () => {
		expect(splitShellWords('$HOME ~ *.py `id` $(id) ${X} "$HOME"')).toEqual(['$HOME', '~', '*.py', '`id`', '$(id)', '${X}', '$HOME']);
	});

	test.each(['', ' ', '\t\n'])('%j has no words', (text) => expect(splitShellWords(text)).toEqual([]));

	test.each([
		['"a', '"'],
		["a 'b", "'"],
		['"a\\"', '"'],
	])('%s has an open quote, and the error names it', (text, open) => {
		expect(() => splitShellWords(text)).toThrow(new ShellWordsError(`a ${open} quote is not closed`));
	});
});
