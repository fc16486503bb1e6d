import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createVolumeStore } from '../../../gpu-worker/src/volumes/volume-store.ts';

let home: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'longshore-volumes-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('a volume is a directory of its own, made at its first use, in which every user of a container may write', () => {
	mkdirSync(join(home, 'EU-RO-1'));
	const store = createVolumeStore(join(home, '{dataCenter}/{volumeId}'), 'EU-RO-1');
	const volume = store.open('vol1');
	expect(volume).toEqual({ id: 'vol1', path: join(home, 'EU-RO-1/vol1') });
	expect(statSync(volume.path).mode & 0o777).toBe(0o777);
	writeFileSync(join(volume.path, 'file'), 'kept');
	expect(store.open('vol1')).toEqual(volume);
	expect(statSync(join(volume.path, 'file')).size).toBe(4);
});

test('a share that is not mounted is noticed, and no volume is made in its place', () => {
	const store = createVolumeStore(join(home, '{dataCenter}/{volumeId}'), 'EU-RO-1');
	expect(() => store.open('vol1')).toThrow(/network volume vol1 is not on this host: the directory .*EU-RO-1 that holds volumes is missing: is its file system mounted\?/);
	writeFileSync(join(home, 'EU-RO-1'), '');
	expect(() => store.open('vol1')).toThrow(/is missing/);
});

test('a host without volumes says what its operator may set', () => {
	expect(() => createVolumeStore(null, 'EU-RO-1').open('vol1')).toThrow(/LONGSHORE_VOLUME_PATH/);
});
