import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLogFile } from '../../../infra/local/log-file.ts';

const MEBIBYTE = 1024 * 1024;
let folder: string;
let lost: string[];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'log-'));
	lost = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (path = join(folder, 'edge.log')): ReturnType<typeof openLogFile> => openLogFile(path, (problem) => lost.push(problem));

describe('a log file', () => {
	test('goes on where an earlier one ended, readable by its owner only', () => {
		for (const line of ['one\n', 'two\n']) {
			const log = open();
			log.write(line);
			log.close();
		}
		expect(readFileSync(join(folder, 'edge.log'), 'utf8')).toBe('one\ntwo\n');
		expect(statSync(join(folder, 'edge.log')).mode & 0o777).toBe(0o600);
	});

	test('takes at most about twice its bound, and keeps what was said last', () => {
		const log = open();
		for (let n = 0; n < 30; n++) log.write(new Uint8Array(MEBIBYTE));
		log.write('last');
		log.close();
		const sizes = ['edge.log', 'edge.1.log'].map((name) => statSync(join(folder, name)).size);
		expect(Math.max(...sizes)).toBeLessThanOrEqual(9 * MEBIBYTE);
		expect(readFileSync(join(folder, 'edge.log'), 'utf8').endsWith('last')).toBe(true);
	});

	test.runIf(process.platform === 'linux')('on a full disk says so once and lets its writer go on', () => {
		const log = open('/dev/full');
		log.write('one');
		log.write('two');
		log.close();
		expect(lost).toEqual(['/dev/full loses lines: ENOSPC: no space left on device, write']);
	});
});
