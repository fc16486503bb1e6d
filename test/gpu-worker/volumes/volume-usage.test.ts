import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measureDirectory } from '../../../gpu-worker/src/volumes/measure-directory.ts';
import { createVolumeUsage, type VolumeUsage } from '../../../gpu-worker/src/volumes/volume-usage.ts';
import { until } from '../../support/wait.ts';
import { silentLog } from '../support/describe-runtime.ts';

let home: string;
let path: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'longshore-usage-'));
	path = join(home, 'vol1');
	mkdirSync(path);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const MB = 1024 * 1024;
const fill = (name: string, bytes: number): void => writeFileSync(join(path, name), Buffer.alloc(bytes, 1));

test('what lies in a volume is counted once, however many names it has, and nothing beyond it', async () => {
	const empty = await measureDirectory(path);
	fill('a', 2 * MB);
	mkdirSync(join(path, 'sub/deeper'), { recursive: true });
	fill('sub/deeper/b', MB);
	linkSync(join(path, 'a'), join(path, 'sub/again'));
	writeFileSync(join(home, 'outside'), Buffer.alloc(8 * MB, 1));
	symlinkSync(home, join(path, 'away'));
	symlinkSync(join(home, 'outside'), join(path, 'file-away'));
	const used = (await measureDirectory(path)) - empty;
	expect(used).toBeGreaterThanOrEqual(3 * MB);
	expect(used).toBeLessThan(3.2 * MB);
});

test('a volume that goes while it is measured is measured as far as it is there', async () => {
	for (let n = 0; n < 50; n++) mkdirSync(join(path, `d${n}`));
	const measuring = measureDirectory(path);
	rmSync(path, { recursive: true, force: true });
	await expect(measuring.catch((error: NodeJS.ErrnoException) => error.code)).resolves.toSatisfy((outcome: unknown) => typeof outcome === 'number' || outcome === 'ENOENT');
});

test('a volume is measured when a worker comes, now and then, when the last has left, and then no more', async () => {
	const usage = open(40);
	const release = usage.hold({ id: 'vol1', path });
	const first = await until(() => usage.figures()[0], { what: 'the first measurement' });
	fill('a', MB);
	await until(() => (usage.figures()[0]?.usedBytes ?? 0) >= first.usedBytes + MB, { what: 'it is measured again' });
	release();
	fill('b', MB);
	const last = await until(() => usage.figures().find(({ usedBytes }) => usedBytes >= first.usedBytes + 2 * MB), { what: 'it is measured after the last has left' });
	await until(() => (usage.figures()[0]?.measuredAgoMs ?? 0) > 300, { what: 'nobody measures it any more' });
	expect(usage.figures()[0]?.usedBytes).toBe(last.usedBytes);
	await usage.close();
	const next = open(60_000);
	expect(next.figures(), 'a new agent knows what the last one measured').toMatchObject([{ id: 'vol1', usedBytes: last.usedBytes }]);
	await next.close();
});

test('a volume that cannot be read is not known, and stops nothing', async () => {
	const usage = open(10);
	usage.hold({ id: 'gone', path: join(home, 'gone') });
	usage.hold({ id: 'vol1', path });
	await until(() => usage.figures().length > 0, { what: 'the other one is measured' });
	expect(usage.figures().map(({ id }) => id)).toEqual(['vol1']);
	await usage.close();
});

function open(everyMs: number): VolumeUsage {
	return createVolumeUsage({ file: join(home, 'volumes.json'), everyMs, log: silentLog, now: Date.now });
}
