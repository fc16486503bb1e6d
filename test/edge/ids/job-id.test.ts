import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createJobId, readJobId } from '../../../edge/src/ids/job-id.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const ENDPOINT = 'abcdefghi01234';
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const address = fc.record({ shard: fc.nat({ max: 63 }), sync: fc.boolean() });

describe('job ids', () => {
	test("have RunPod's form, a version 4 UUID inside, and give their shard and road back", () => {
		fc.assert(
			fc.property(address, ({ shard, sync }) => {
				const id = createJobId(KEY, ENDPOINT, shard, sync);
				const plain = sync ? id.slice('sync-'.length) : id;
				expect(id.startsWith('sync-')).toBe(sync);
				expect(plain.slice(0, 36)).toMatch(UUID4);
				expect(plain.slice(36)).toBe(`-e${shard}`);
				expect(id.length).toBeLessThanOrEqual(64);
				expect(readJobId(KEY, ENDPOINT, id)).toEqual({ shard, sync });
			}),
		);
	});

	test('do not repeat', () => {
		const ids = new Set(Array.from({ length: 5_000 }, () => createJobId(KEY, ENDPOINT, 1, false)));
		expect(ids.size).toBe(5_000);
	});

	test('use all four variants of a UUID', () => {
		const variants = new Set(Array.from({ length: 400 }, () => createJobId(KEY, ENDPOINT, 0, false)[19]));
		expect([...variants].sort()).toEqual(['8', '9', 'a', 'b']);
	});

	test('are refused after any change of one character', () => {
		const characters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF-_./ ';
		fc.assert(
			fc.property(address, fc.nat(), fc.constantFrom(...characters), ({ shard, sync }, where, char) => {
				const id = createJobId(KEY, ENDPOINT, shard, sync);
				const at = where % id.length;
				fc.pre(id[at] !== char);
				expect(readJobId(KEY, ENDPOINT, id.slice(0, at) + char + id.slice(at + 1))).toBeNull();
			}),
			{ numRuns: 3_000 },
		);
	});

	test.each<[string, (id: string) => string]>([
		['in capitals', (id) => id.toUpperCase()],
		['of another shard', (id) => id.replace(/-e5$/, '-e6')],
		['with a zero before the shard', (id) => id.replace(/-e5$/, '-e05')],
		['turned into a sync one', (id) => `sync-${id}`],
		['with a space behind', (id) => `${id} `],
		['with a line end behind', (id) => `${id}\n`],
		['cut', (id) => id.slice(0, -1)],
		['doubled', (id) => id + id],
		['without suffix', (id) => id.slice(0, 36)],
		['with a path', (id) => `../${id}`],
	])('%s are refused', (_what, change) => {
		expect(readJobId(KEY, ENDPOINT, change(createJobId(KEY, ENDPOINT, 5, false)))).toBeNull();
	});

	test('of another endpoint or another edge are refused', () => {
		const id = createJobId(KEY, ENDPOINT, 5, true);
		expect(readJobId(KEY, 'bbcdefghi01234', id)).toBeNull();
		expect(readJobId(randomBytes(32).toString('base64'), ENDPOINT, id)).toBeNull();
	});

	test('made up are refused', () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.uuid({ version: 4 }).map((uuid) => `${uuid}-e0`),
				),
				(id) => readJobId(KEY, ENDPOINT, id) === null,
			),
		);
	});
});
