import { expect, test } from 'vitest';
import { tunnelAddress } from '../../../gpu-worker/src/core/tunnel-address.ts';

test.each([
	[undefined, '127.0.0.1', '127.0.0.1:7000'],
	[undefined, '::1', '[::1]:7000'],
	['gpu-7.internal', '0.0.0.0', 'gpu-7.internal:7000'],
	['gpu-7.internal:9000', '0.0.0.0', 'gpu-7.internal:9000'],
	['10.0.0.7', '0.0.0.0', '10.0.0.7:7000'],
	['fd00::7', '::', '[fd00::7]:7000'],
	['[fd00::7]', '::', '[fd00::7]:7000'],
	['[fd00::7]:9000', '::', '[fd00::7]:9000'],
])('announced %s, listening on %s: brokers call %s', (announced, listens, address) => {
	expect(tunnelAddress(announced, listens, 7_000)).toBe(address);
});
