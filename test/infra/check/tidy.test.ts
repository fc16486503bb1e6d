/** Each rule sees its own breach, in a small repository made for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUntidy } from '../../../infra/check/tidy.ts';

let root: string;
const HEADER = '/** Owns something. */\n';

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'tidy-'));
	write('edge/package.json', '{ "main": "src/worker.ts" }');
	write('edge/src/worker.ts', `${HEADER}import { decide } from './core/decide.ts';\nimport type { Job } from '@longshore/shared-schema/job/job';\ndecide();\n`);
	write('edge/src/core/decide.ts', `${HEADER}export const decide = () => 1;\n`);
	write('test/edge/core/decide.test.ts', HEADER);
	write('shared-schema/src/job/job.ts', `${HEADER}export interface Job {}\n`);
	write('README.md', 'The [edge](edge/src/worker.ts#L1), [its site](https://example.org) and [below](#below).\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
	mkdirSync(dirname(join(root, path)), { recursive: true });
	writeFileSync(join(root, path), text);
}

describe('the rules of the repository', () => {
	test('find nothing in a tidy one', () => {
		expect(findUntidy(root)).toEqual([]);
	});

	test('allow 400 lines and no more', () => {
		write('test/edge/long.test.ts', `${HEADER}${'//\n'.repeat(399)}`);
		expect(findUntidy(root)).toEqual([]);
		write('test/edge/long.test.ts', `${HEADER}${'//\n'.repeat(400)}`);
		expect(findUntidy(root)).toEqual(['test/edge/long.test.ts: 401 lines, at most 400; split it where the subject changes']);
	});

	test('ask a source file for a sentence at its beginning', () => {
		write('edge/src/core/decide.ts', 'export const decide = () => 1;\n');
		expect(findUntidy(root)).toEqual(['edge/src/core/decide.ts: begins without a sentence that says what the file owns']);
	});

	test('let no package import another one, by name or by path', () => {
		write(
			'edge/src/worker.ts',
			`${HEADER}import './core/decide.ts';\nimport { start } from '@longshore/gpu-worker/sdk';\nimport type { X } from '../../regional-broker/src/x.ts';\n`,
		);
		expect(findUntidy(root)).toEqual([
			'edge/src/worker.ts: imports ../../regional-broker/src/x.ts, which lies outside edge/',
			'edge/src/worker.ts: imports @longshore/gpu-worker/sdk; packages share only shared-schema',
			'shared-schema/src/job/job.ts: nothing imports or starts it',
		]);
	});

	test('let examples use the worker SDK', () => {
		write('examples/echo/handler.ts', `${HEADER}import { startWorker } from '@longshore/gpu-worker/sdk';\n`);
		expect(findUntidy(root)).toEqual([]);
	});

	test('ask every core file for its mirrored test', () => {
		rmSync(join(root, 'test/edge/core/decide.test.ts'));
		expect(findUntidy(root)).toEqual(['edge/src/core/decide.ts: has no test/edge/core/decide.test.ts']);
	});

	test('ask no test of a core file that declares types only', () => {
		write('edge/src/core/shape.ts', `${HEADER}export interface Shape {}\nexport type Other = Shape;\n`);
		write('edge/src/routes/uses-shape.ts', `${HEADER}import type { Shape } from '../core/shape.ts';\nexport const shape: Shape = {};\n`);
		expect(findUntidy(root).filter((line) => line.includes('core/shape'))).toEqual([]);
	});

	test('find a file that only a test imports', () => {
		write('edge/src/routes/old.ts', `${HEADER}export const old = 1;\n`);
		write('test/edge/routes/old.test.ts', `${HEADER}import { old } from '../../../edge/src/routes/old.ts';\n`);
		expect(findUntidy(root)).toEqual(['edge/src/routes/old.ts: nothing imports or starts it']);
	});

	test('count a thread as alive that another file starts by its address', () => {
		write('edge/src/routes/thread.ts', HEADER);
		write('edge/src/worker.ts', `${HEADER}import './core/decide.ts';\nnew Worker(new URL('./routes/thread.ts', import.meta.url));\n`);
		expect(findUntidy(root).filter((line) => line.includes('thread'))).toEqual([]);
	});

	test('count a program as alive that another file starts by its path', () => {
		write('infra/local/proxy.ts', HEADER);
		write('package.json', '{ "scripts": { "proxy": "node infra/local/proxy.ts" } }');
		expect(findUntidy(root)).toEqual([]);
	});

	test('follow links in documents', () => {
		write('infra/docs/one.md', 'See [there](../local/gone.ts).\n');
		expect(findUntidy(root)).toEqual(['infra/docs/one.md: links to ../local/gone.ts, which is not there']);
	});
});
