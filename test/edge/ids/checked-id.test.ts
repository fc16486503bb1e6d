import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCheckedId, isCheckedId } from '../../../edge/src/ids/checked-id.ts';

const KEY = Buffer.alloc(32, 9).toString('base64');

describe('ids of endpoints and accounts', () => {
	test('have 14 lower-case letters and digits and are known again', () => {
		for (let i = 0; i < 200; i++) {
			const id = createCheckedId(KEY, 'endpoint');
			expect(id).toMatch(/^[a-z0-9]{14}$/);
			expect(isCheckedId(KEY, 'endpoint', id)).toBe(true);
		}
	});

	test('of one kind are none of the other, and those of another edge are none', () => {
		const id = createCheckedId(KEY, 'endpoint');
		expect(isCheckedId(KEY, 'account', id)).toBe(false);
		expect(isCheckedId(Buffer.alloc(32, 1).toString('base64'), 'endpoint', id)).toBe(false);
	});

	test('are refused after any change of one character', () => {
		const ids = Array.from({ length: 20 }, () => createCheckedId(KEY, 'account'));
		fc.assert(
			fc.property(fc.constantFrom(...ids), fc.nat({ max: 13 }), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789A-_ '), (id, at, char) => {
				fc.pre(id[at] !== char);
				expect(isCheckedId(KEY, 'account', id.slice(0, at) + char + id.slice(at + 1))).toBe(false);
			}),
			{ numRuns: 1_000 },
		);
	});

	test.each(['', 'serverless', 'abcdefghijklmn', '../../../etc/pa', 'ABCDEFGHIJKLMN', 'abcdefghijklm\n'])('%j is none', (id) =>
		expect(isCheckedId(KEY, 'endpoint', id)).toBe(false),
	);

	test('do not repeat', () => {
		expect(new Set(Array.from({ length: 2_000 }, () => createCheckedId(KEY, 'endpoint'))).size).toBe(2_000);
	});
});
