import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogStore, type LogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import type { WorkerLog } from '../../../gpu-worker/src/logs/worker-log.ts';
import { LOG_PAGE_LINES_MAX, WORKER_LOG_BYTES_MAX } from '../../../shared-schema/src/limits.ts';
import type { LogPage, LogQuery } from '../../../shared-schema/src/wire/logs.ts';

let directory: string;
let logs: LogStore;
let nowMs: number;
let inHand: string | null;
let log: WorkerLog;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'longshore-logs-'));
	[nowMs, inHand] = [1_000_000, null];
	logs = createLogStore(directory, () => nowMs);
	log = logs.open('ep1', 'w1', 'key-of-w1', () => inHand);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const read = (query: Partial<LogQuery> = {}) => logs.read({ endpointId: 'ep1', after: 0, limit: LOG_PAGE_LINES_MAX, waitMs: 0, ...query });
const lines = (page: LogPage) => page.lines.map(({ line }) => line);
const say = (count: number, from = 0) => {
	for (let i = 0; i < count; i++) log.write('stdout', `line ${from + i}\n`);
};
/** As an agent finds it that has just started. */
const reopened = () => {
	logs = createLogStore(directory, () => nowMs);
};

describe('a page of a log', () => {
	test('has whole lines with their time, worker, source and job', async () => {
		log.note('starting');
		log.write('stdout', 'half ');
		log.write('stdout', 'and half\n{"requestId":"job-2","message":"m"}\n');
		inHand = 'job-1';
		log.write('stderr', 'of the only job\n');
		const page = await read();
		expect(page).toMatchObject({ known: true, open: true, more: false });
		expect(page.lines).toEqual([
			{ at: 1_000_000_000, workerId: 'w1', source: 'system', line: 'starting' },
			{ at: 1_000_000_001, workerId: 'w1', source: 'container', line: 'half and half' },
			{ at: 1_000_000_002, workerId: 'w1', source: 'container', jobId: 'job-2', line: '{"requestId":"job-2","message":"m"}' },
			{ at: 1_000_000_003, workerId: 'w1', source: 'container', jobId: 'job-1', line: 'of the only job' },
		]);
	});

	test('never shows the key of its worker, in no reader’s page, not in the file, not to whoever explains an exit', async () => {
		log.write('stdout', 'take from http://127.0.0.1:1/v2/ep1/job-take/w1?gpu=CPU&key=key-of-w1 now\nRUNPOD_AI_API_KEY=key-of');
		log.write('stdout', '-w1\nhalf a line key-of-w1');
		const hidden = ['take from http://127.0.0.1:1/v2/ep1/job-take/w1?gpu=CPU&key=[key] now', 'RUNPOD_AI_API_KEY=[key]'];
		expect(lines(await read())).toEqual(hidden);
		expect(log.tail(10_000)).toBe([...hidden, 'half a line [key]'].join('\n'));
		log.close();
		reopened();
		expect(lines(await read())).toEqual([...hidden, 'half a line [key]']);
		expect(readFileSync(join(directory, 'ep1', 'w1.ndjson'), 'utf8')).not.toContain('key-of-w1');
	});

	test('goes on behind a place, from memory and from the file alike', async () => {
		say(3);
		const after = (await read()).lines[1]?.at ?? 0;
		expect(lines(await read({ after }))).toEqual(['line 2']);
		log.close();
		reopened();
		expect(lines(await read({ after }))).toEqual(['line 2']);
	});

	test('brings every line once, page by page, however many there are', async () => {
		say(2_500);
		const seen: string[] = [];
		for (let after = 0, more = true; more; ) {
			const page = await read({ after });
			seen.push(...lines(page));
			after = page.lines.at(-1)?.at ?? after;
			more = page.more;
		}
		expect(seen).toEqual(Array.from({ length: 2_500 }, (_, i) => `line ${i}`));
	});

	test('begins with the newest lines when a tail is asked for', async () => {
		say(1_200);
		expect(lines(await read({ tail: 3 }))).toEqual(['line 1197', 'line 1198', 'line 1199']);
	});

	test('has the lines of one job or one source only, of all workers', async () => {
		const other = logs.open('ep1', 'w2', 'key-of-w2', () => 'job-1');
		log.write('stdout', '{"request_id":"job-1"}\nnobody’s\n');
		other.write('stdout', 'mine\n');
		other.note('ending');
		expect(lines(await read({ jobId: 'job-1' }))).toEqual(['{"request_id":"job-1"}', 'mine']);
		expect(lines(await read({ source: 'system' }))).toEqual(['ending']);
		expect(lines(await read({ workerId: 'w2', source: 'container' }))).toEqual(['mine']);
	});

	test('is of another endpoint only for its own worker', async () => {
		say(1);
		expect(await read({ endpointId: 'ep2', workerId: 'w1' })).toEqual({ known: false, lines: [], more: false, open: false });
		expect(await read({ workerId: 'w9' })).toMatchObject({ known: false });
	});

	test('of a worker that is gone is there, and closed', async () => {
		say(2);
		log.close();
		expect(await read({ workerId: 'w1' })).toMatchObject({ known: true, open: false });
		expect(lines(await read({ workerId: 'w1' }))).toEqual(['line 0', 'line 1']);
	});

	test('bears words behind its end, and a second end', () => {
		log.close();
		log.write('stdout', 'too late\n');
		log.note('ending twice');
		expect(() => log.close()).not.toThrow();
	});

	test('reaches into the older half of a long log', async () => {
		const line = 'x'.repeat(3_900);
		const count = Math.ceil((1.5 * WORKER_LOG_BYTES_MAX) / line.length);
		log.write('stdout', 'the first\n');
		for (let i = 0; i < count; i++) log.write('stdout', `${line}\n`);
		expect(existsSync(join(directory, 'ep1/w1.ndjson.1'))).toBe(true);
		expect((await read({ limit: 1 })).lines[0]?.line).toBe('the first');
	});
});

describe('a reader that waits', () => {
	test('gets the next line when it comes', async () => {
		const page = read({ waitMs: 20_000 });
		await new Promise((resolve) => setImmediate(resolve));
		log.write('stdout', 'at last\n');
		expect(lines(await page)).toEqual(['at last']);
	});

	test('is not woken by lines that it did not ask for', async () => {
		const page = read({ waitMs: 20_000, jobId: 'job-7' });
		await new Promise((resolve) => setImmediate(resolve));
		log.write('stdout', 'something else\n');
		log.write('stdout', '{"requestId":"job-7"}\n');
		expect(lines(await page)).toEqual(['{"requestId":"job-7"}']);
	});

	test('is told when the worker ends', async () => {
		const page = read({ workerId: 'w1', waitMs: 20_000 });
		await new Promise((resolve) => setImmediate(resolve));
		log.close();
		expect(await page).toMatchObject({ known: true, open: false, lines: [] });
	});

	test('does not wait for a worker that is gone', async () => {
		log.close();
		expect(await read({ workerId: 'w1', waitMs: 20_000 })).toMatchObject({ open: false });
	});
});

describe('keeping logs', () => {
	test('removes what is older than a day, and the directory of an endpoint without any', async () => {
		log.close();
		const path = join(directory, 'ep1/w1.ndjson');
		utimesSync(path, nowMs / 1_000, nowMs / 1_000);
		logs.tidy();
		expect(existsSync(path)).toBe(true);
		nowMs += 86_400_001;
		logs.tidy();
		expect(existsSync(join(directory, 'ep1'))).toBe(false);
	});

	test('never removes the log of a worker that runs', () => {
		nowMs += 10 * 86_400_000 + Date.now();
		logs.tidy();
		expect(existsSync(join(directory, 'ep1/w1.ndjson'))).toBe(true);
	});
});
