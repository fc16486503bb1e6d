/** NVIDIA's tools as the agent calls them. The tools are stand-ins that keep what they were told: no GPU is needed, and none is proven. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NO_GPU_MEMORY, openGpuMemory } from '../../../gpu-worker/src/gpu/gpu-memory.ts';
import { silentLog } from '../support/describe-runtime.ts';

let home: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'longshore-gpu-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function program(name: string, script: string): string {
	const path = join(home, name);
	writeFileSync(path, `#!/bin/sh\n${script}\n`);
	chmodSync(path, 0o755);
	return path;
}
/** Lists processes 11 (100 MiB) and 12 (50 MiB), and 99 of somebody else; those that were moved out are not listed. */
const smi = () => program('smi', `[ -e ${home}/moved-11 ] || echo '11, 100'\n[ -e ${home}/moved-12 ] || echo '12, 50'\necho '99, 7'`);
/** Moves out and back by turns, as the real one does. */
const TOGGLE = (home: string): string => `echo "$@" >> ${home}/calls
[ "$1" = --help ] && exit 0
[ -e ${home}/refuses-$3 ] && { echo "Could not toggle" >&2; exit 1; }
if [ -e ${home}/moved-$3 ]; then rm ${home}/moved-$3; else : > ${home}/moved-$3; fi`;
const calls = (): string[] => (existsSync(join(home, 'calls')) ? readFileSync(join(home, 'calls'), 'utf8').trim().split('\n') : []);

test('moves out each process of the worker that uses a GPU, and back again', async () => {
	const memory = await openGpuMemory(program('checkpoint', TOGGLE(home)), silentLog, smi());
	expect(memory.canMove).toBe(true);
	const state = await memory.moveOut([10, 11, 12]);
	expect(state).toEqual({ moved: [11, 12], heldBytes: 0 });
	await memory.moveBack(state.moved);
	expect(calls()).toEqual(['--help', '--toggle --pid 11', '--toggle --pid 12', '--toggle --pid 11', '--toggle --pid 12']);
});

test('does nothing for a worker that uses none', async () => {
	const memory = await openGpuMemory(program('checkpoint', TOGGLE(home)), silentLog, smi());
	expect(await memory.moveOut([10])).toEqual({ moved: [], heldBytes: 0 });
	expect(calls()).toEqual(['--help']);
});

test('without the tool the memory stays where it is, and is counted', async () => {
	for (const tool of [null, join(home, 'no-such-tool')]) {
		const memory = await openGpuMemory(tool, silentLog, smi());
		expect(memory.canMove).toBe(false);
		expect(await memory.moveOut([11, 12])).toEqual({ moved: [], heldBytes: 150 * 2 ** 20 });
	}
});

test('a worker that cannot be moved as a whole stays as it was', async () => {
	const memory = await openGpuMemory(program('checkpoint', TOGGLE(home)), silentLog, smi());
	writeFileSync(join(home, 'refuses-12'), '');
	expect(await memory.moveOut([11, 12])).toEqual({ moved: [], heldBytes: 150 * 2 ** 20 });
	expect(existsSync(join(home, 'moved-11'))).toBe(false);
});

test('memory that does not come back is an error with the tool’s own words', async () => {
	const memory = await openGpuMemory(program('checkpoint', TOGGLE(home)), silentLog, smi());
	const { moved } = await memory.moveOut([11]);
	writeFileSync(join(home, 'refuses-11'), '');
	await expect(memory.moveBack(moved)).rejects.toThrow('Could not toggle');
});

test('a host without real GPUs has nothing to move', async () => {
	expect(await NO_GPU_MEMORY.moveOut([11])).toEqual({ moved: [], heldBytes: 0 });
});
