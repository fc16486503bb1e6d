import { expect, test } from 'vitest';
import { cutLine, decodeEntry, encodeEntry, isWanted, jobOfLine, type LogEntry, toLogLine } from '../../../gpu-worker/src/core/log-entry.ts';

const entry: LogEntry = { at: 5, origin: 'stderr', jobId: 'job-1', line: 'a "quoted" line\twith\u0000 all' };

test.each([
	['{"requestId": "abc-u1", "message": "Started.", "level": "INFO"}', 'abc-u1'],
	['  {"level":"INFO","request_id":"abc"}', 'abc'],
	['{"job_id":"x_1-e0"}', 'x_1-e0'],
	['INFO | "requestId": "abc" | no JSON', null],
	['{"requestId": null}', null],
	['{"requestId": "no id with spaces"}', null],
	['plain', null],
])('names the job of %s', (line, jobId) => {
	expect(jobOfLine(line)).toBe(jobId);
});

test('comes back from its line in the file as it was', () => {
	expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
	expect(decodeEntry(encodeEntry({ ...entry, jobId: null }))).toEqual({ ...entry, jobId: null });
});

test.each(['', '{"at":1', 'null', '{"at":"1","o":"stdout","l":"x"}', '{"at":1,"o":"elsewhere","l":"x"}', '{"at":1,"o":"stdout"}'])('takes %j for no entry', (text) => {
	expect(decodeEntry(text)).toBeNull();
});

test('is wanted behind the reader’s place, for its job and from its source', () => {
	expect(isWanted(entry, { after: 4 })).toBe(true);
	expect(isWanted(entry, { after: 5 })).toBe(false);
	expect(isWanted(entry, { after: 0, jobId: 'job-2' })).toBe(false);
	expect(isWanted(entry, { after: 0, jobId: 'job-1', source: 'container' })).toBe(true);
	expect(isWanted(entry, { after: 0, source: 'system' })).toBe(false);
	expect(isWanted({ ...entry, origin: 'system' }, { after: 0, source: 'system' })).toBe(true);
});

test('shows streams as one source and leaves out a job that it has not', () => {
	expect(toLogLine({ ...entry, jobId: null }, 'w1')).toEqual({ at: 5, workerId: 'w1', source: 'container', line: entry.line });
});

test('cuts a long line and says so', () => {
	expect(cutLine('x'.repeat(4_000))).toHaveLength(4_000);
	expect(cutLine('x'.repeat(4_001))).toBe(`${'x'.repeat(4_000)}… (cut)`);
});
