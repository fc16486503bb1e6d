import { expect, test } from 'vitest';
import { isCommit, modelFolder, modelKey, parseModelRef } from '../../../shared-schema/src/endpoint/model-ref.ts';

const COMMIT = '317b7eb96312eda0c431d1dab1af958a308cb35e';

test.each([
	['org/name', 'org/name', 'main'],
	['gpt2', 'gpt2', 'main'],
	['Qwen/Qwen2.5-0.5B-Instruct', 'Qwen/Qwen2.5-0.5B-Instruct', 'main'],
	['org/name@v1.0', 'org/name', 'v1.0'],
	['org/name:v1.0', 'org/name', 'v1.0'],
	[`org/name@${COMMIT}`, 'org/name', COMMIT],
	['org/name@refs/pr/3', 'org/name', 'refs/pr/3'],
	[' https://huggingface.co/org/name ', 'org/name', 'main'],
	['https://huggingface.co/org/name/', 'org/name', 'main'],
	['https://huggingface.co/org/name/tree/v2', 'org/name', 'v2'],
	['https://huggingface.co/org/name:v2', 'org/name', 'v2'],
	['https://hf.co/org/name', 'org/name', 'main'],
])('%s', (text, repo, revision) => {
	expect(parseModelRef(text)).toEqual({ repo, revision });
});

test.each([
	'',
	' ',
	'org/',
	'/name',
	'a/b/c',
	'../name',
	'org/..',
	'org/na..me',
	'org/na--me',
	'org/.name',
	'org/name.',
	'-org/name',
	'org/name.git',
	'org/na me',
	'org/name@',
	'org/name@../x',
	'org/name@a..b',
	'org/name@/main',
	'org/name@a//b',
	'org/name@x y',
	`org/name@${'r'.repeat(101)}`,
	`org/${'n'.repeat(97)}`,
	'https://example.com/org/name',
	'file:///etc',
	'org\\name',
	'örg/name',
	'org/name\u0000',
])('%j is no model', (text) => {
	expect(parseModelRef(text)).toBeNull();
});

test('every spelling has one key, and what cannot be read keeps its own', () => {
	expect(['org/name', 'org/name@main', 'https://huggingface.co/org/name/tree/main'].map(modelKey)).toEqual(['org/name', 'org/name', 'org/name']);
	expect(modelKey('org/name:v2')).toBe('org/name@v2');
	expect(modelKey('not a model')).toBe('not a model');
});

test('folders are named as the hub’s own client names them', () => {
	expect([modelFolder('org/name'), modelFolder('gpt2')]).toEqual(['models--org--name', 'models--gpt2']);
});

test('only a whole commit stands for the same files for ever', () => {
	expect([isCommit(COMMIT), isCommit(COMMIT.slice(1)), isCommit('main')]).toEqual([true, false, false]);
});
