import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSpool, type SpooledResult } from '../../../gpu-worker/src/agent/spool.ts';
import { createLog } from '../../../gpu-worker/src/log.ts';

let directory: string;
let logged: string[];
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'longshore-spool-'));
	logged = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (forgetMs?: number) =>
	openSpool(
		directory,
		createLog((line) => logged.push(line), {}),
		forgetMs,
	);
const result = (id: string, output: string | null, outputFile: string | null = null): SpooledResult => ({
	event: {
		kind: 'result',
		id,
		endpointId: 'ep1',
		epoch: 1,
		token: 'token-of-16-chars',
		hostBoot: 'boot-1',
		workerId: 'w1',
		executionMs: 5,
		...(output === null ? {} : { bytes: Buffer.byteLength(output) }),
	},
	endedAtWallMs: 1_000,
	frame: output === null ? null : Buffer.from(output),
	outputFile,
});

test('what was added is there for the next agent, bytes and all, without a close', () => {
	const { spool } = open();
	spool.add('a.1', result('a', '{"x": "žluť\\n"}'));
	spool.add('b.1', result('b', null));
	const { left } = open();
	expect([...left.keys()]).toEqual(['a.1', 'b.1']);
	expect(Buffer.from(left.get('a.1')?.frame ?? []).toString()).toBe('{"x": "žluť\\n"}');
	expect(left.get('a.1')).toMatchObject({ endedAtWallMs: 1_000, event: { hostBoot: 'boot-1' } });
	expect(left.get('b.1')?.frame).toBeNull();
});

test('a settled result is gone', () => {
	const { spool } = open();
	spool.add('a.1', result('a', '1'));
	spool.add('b.1', result('b', '2'));
	spool.settle(['a.1', 'never-there.1']);
	expect([...open().left.keys()]).toEqual(['b.1']);
	expect(spool.size()).toBe(1);
});

test('a record that broke off is left out, those before it stay', () => {
	const { spool } = open();
	spool.add('a.1', result('a', '1'));
	spool.add('b.1', result('b', '"a long output"'));
	const path = join(directory, 'results');
	truncateSync(path, statSync(path).size - 6);
	expect([...open().left.keys()]).toEqual(['a.1']);
});

test('what is not a record ends the reading with a warning', () => {
	open().spool.add('a.1', result('a', '1'));
	appendFileSync(join(directory, 'results'), 'garbage\n');
	expect([...open().left.keys()]).toEqual(['a.1']);
	expect(logged.join('')).toMatch(/not whole/);
});

test('a large output lies in its own file until it is settled', () => {
	const { spool } = open();
	const file = spool.writeOutput('a.1', Buffer.from('"big"'));
	spool.add('a.1', result('a', null, file));
	expect(readFileSync(open().left.get('a.1')?.outputFile ?? '', 'utf8')).toBe('"big"');
	spool.settle(['a.1']);
	expect(existsSync(file)).toBe(false);
});

test('an output whose record was never written is removed', () => {
	open().spool.writeOutput('a.1', Buffer.from('"big"'));
	open();
	expect(readdirSync(join(directory, 'outputs'))).toEqual([]);
});

test('the file does not grow for ever', () => {
	const { spool } = open();
	const output = JSON.stringify('x'.repeat(100_000));
	for (let n = 0; n < 200; n++) {
		spool.add(`j${n}.1`, result(`j${n}`, output));
		spool.settle([`j${n}.1`]);
	}
	expect(statSync(join(directory, 'results')).size).toBeLessThan(5 * 1024 * 1024);
});

test('it does not grow for ever beside a result that nobody settles either', () => {
	const { spool } = open();
	spool.add('old.1', result('old', '"kept"'));
	const output = JSON.stringify('x'.repeat(100_000));
	for (let n = 0; n < 400; n++) {
		spool.add(`j${n}.1`, result(`j${n}`, output));
		spool.settle([`j${n}.1`]);
	}
	expect(statSync(join(directory, 'results')).size).toBeLessThan(17 * 1024 * 1024);
	expect([...open().left.keys()]).toEqual(['old.1']);
});

test('a settled result’s bytes leave the file soon, those of open ones and later ones stay', async () => {
	const { spool } = open(20);
	const file = join(directory, 'results');
	spool.add('a.1', result('a', '"canary"'));
	spool.add('b.1', result('b', '"open"'));
	spool.settle(['a.1']);
	expect(readFileSync(file, 'utf8')).toContain('canary');
	await vi.waitFor(() => expect(readFileSync(file, 'utf8')).not.toContain('canary'));
	spool.add('c.1', result('c', '"later"'));
	expect([...open().left.keys()]).toEqual(['b.1', 'c.1']);
	spool.close();
});

test('the file is empty soon after the last open result is settled', async () => {
	const { spool } = open(20);
	spool.add('a.1', result('a', '"canary"'));
	spool.settle(['a.1']);
	await vi.waitFor(() => expect(statSync(join(directory, 'results')).size).toBe(0));
	spool.add('b.1', result('b', '"next"'));
	expect([...open().left.keys()]).toEqual(['b.1']);
	spool.close();
});
