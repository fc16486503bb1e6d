import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePorts } from '../../../gpu-worker/src/runtime/free-ports.ts';
import { createPortPool } from '../../../gpu-worker/src/runtime/port-pool.ts';

test('each exposed port gets a port of the host that nobody else has, until it is given back', async () => {
	const pool = createPortPool('203.0.113.7', null);
	const first = await pool.take(['22/tcp', '8080/http']);
	const second = await pool.take(['22/tcp']);
	expect(first).toMatchObject([
		{ port: 22, protocol: 'tcp', publicIp: '203.0.113.7' },
		{ port: 8_080, protocol: 'http', publicIp: '203.0.113.7' },
	]);
	expect(new Set([...first, ...second].map(({ publicPort }) => publicPort)).size).toBe(3);
	expect(await pool.take([])).toEqual([]);
});

test('a range is used up to its last port, without those that somebody listens on, and refused with the setting then', async () => {
	const [taken = 0] = await freePorts(1);
	const stranger = createServer();
	await new Promise<void>((resolve) => stranger.listen(taken, '127.0.0.1', resolve));
	const narrow = createPortPool('127.0.0.1', { from: taken, to: taken });
	await expect(narrow.take(['22/tcp'])).rejects.toMatchObject({ name: 'WorkerStartError', message: expect.stringContaining('LONGSHORE_PUBLIC_PORTS') });
	await new Promise((resolve) => stranger.close(resolve));
	const got = await narrow.take(['22/tcp']);
	expect(got).toMatchObject([{ publicPort: taken }]);
	await expect(narrow.take(['22/tcp'])).rejects.toThrow('in use');
	narrow.giveBack(got);
	expect(await narrow.take(['80/http'])).toMatchObject([{ port: 80, publicPort: taken }]);
});
