import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findUntidy } from '../infra/check/tidy.ts';

test('the repository keeps its own rules: sizes, headers, layers, mirrored tests, no dead files, no dead links', () => {
	expect(findUntidy(resolve(import.meta.dirname, '..'))).toEqual([]);
});
