import { expect, test } from 'vitest';
import { tellsNoProgram } from '../../../gpu-worker/src/core/init-words.ts';

test('the words of tini and catatonit are known, a program that fails itself is not taken for one that is not there', () => {
	expect(tellsNoProgram('[FATAL tini (7)] exec no-such-program failed: No such file or directory')).toBe(true);
	expect(tellsNoProgram('ERROR (catatonit:2): failed to exec pid1: No such file or directory')).toBe(true);
	expect(tellsNoProgram("FileNotFoundError: [Errno 2] No such file or directory: 'exec'")).toBe(false);
});
