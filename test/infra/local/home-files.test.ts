/** What a home remembers between two starts: ports and secrets. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TOPOLOGY, topology } from '@longshore/shared-schema/wire/topology';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPortBook } from '../../../infra/local/ports.ts';
import { loadSecrets } from '../../../infra/local/secrets.ts';

let home: string;
let file: string;

beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'home-files-'));
	file = join(home, 'state.json');
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('ports', () => {
	test('are the same at the next start', async () => {
		const first = openPortBook(file);
		const port = await first.take('broker/eu-1');
		first.save();
		expect(await openPortBook(file).take('broker/eu-1')).toBe(port);
	});

	test('are picked again when another program took one meanwhile', async () => {
		const first = openPortBook(file);
		const port = await first.take('broker/eu-1');
		first.save();
		const thief = createServer();
		await new Promise<void>((listening) => thief.listen(port, '127.0.0.1', listening));
		const again = await openPortBook(file).take('broker/eu-1');
		thief.close();
		expect(again).not.toBe(port);
	});

	test('are never given out twice', async () => {
		writeFileSync(file, JSON.stringify({ a: 23_456, b: 23_456 }));
		const book = openPortBook(file);
		expect(await book.take('a')).not.toBe(await book.take('b'));
	});
});

describe('secrets', () => {
	test('are made once and readable by their owner only', () => {
		const first = loadSecrets(file, DEFAULT_TOPOLOGY);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(loadSecrets(file, DEFAULT_TOPOLOGY)).toEqual(first);
		expect(Object.keys(first.regions)).toEqual(['eu-1', 'us-1']);
	});

	test('of what there was stay when the topology grows', () => {
		const first = loadSecrets(file, DEFAULT_TOPOLOGY);
		const grown = topology.parse({
			regions: { ...DEFAULT_TOPOLOGY.regions, 'ap-1': { dataCenters: { 'AP-JP-1': { hosts: { 'ap-jp-1-a': { gpuType: 'NVIDIA L4', count: 1 } } } } } },
		});
		const second = loadSecrets(file, grown);
		expect(second.regions).toMatchObject(first.regions);
		expect(second.regions['ap-1']?.nats.accountSeed).toMatch(/^SA[A-Z2-7]{56}$/);
		expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(second);
	});

	test('of a damaged file are not silently replaced', () => {
		writeFileSync(file, '{"edge":');
		expect(() => loadSecrets(file, DEFAULT_TOPOLOGY)).toThrow(/is damaged .* remove the whole home to start afresh/);
	});
});
