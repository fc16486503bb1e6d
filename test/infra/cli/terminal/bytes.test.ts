import { expect, test } from 'vitest';
import { formatBytes } from '../../../../infra/cli/terminal/bytes.ts';

test.each([
	[0, '0 B'],
	[999, '999 B'],
	[1_000, '1.0 kB'],
	[999_949, '999.9 kB'],
	[999_999, '1.0 MB'],
	[3_100_000, '3.1 MB'],
	[4_096e9, '4.1 TB'],
	[5e18, '5000000.0 TB'],
])('%d bytes are %s', (bytes, text) => {
	expect(formatBytes(bytes)).toBe(text);
});
