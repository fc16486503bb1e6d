/** The tool itself is a stand-in that prints what the real one does: no GPU is needed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectGpus, watchGpus } from '../../../gpu-worker/src/gpu/nvidia-smi.ts';
import { until } from '../../support/wait.ts';
import { silentLog } from '../support/describe-runtime.ts';

let home: string;
let tool: string;
beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'longshore-gpus-'));
	tool = join(home, 'nvidia-smi');
	writeFileSync(tool, `#!/bin/sh\nif [ $# -eq 0 ]; then echo '| Driver Version: 550.54.15    CUDA Version: 12.4 |'; else cat ${home}/rows; test ! -e ${home}/fails; fi\n`);
	chmodSync(tool, 0o755);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const row = (index: number, name = 'NVIDIA L40S', cells = '46068, 550.54.15, 0, 41, 0') => `${index}, GPU-${index}, 00000000:3${index}:00.0, ${name}, ${cells}`;
const print = (...rows: string[]) => writeFileSync(join(home, 'rows'), `${rows.join('\n')}\n`);

test('the inventory of a host is what the tool lists', async () => {
	print(row(0), row(1));
	const { inventory, faults } = await detectGpus(tool);
	expect(inventory).toEqual({ gpuType: 'NVIDIA L40S', gpus: 2, cudaVersion: '12.4', models: [], uuids: ['GPU-0', 'GPU-1'] });
	expect([...faults]).toEqual([]);
});

test('faulty GPUs and those of another type are out from the start, also when the tool complains', async () => {
	print(row(0), row(1, 'NVIDIA L40S', '46068, 550.54.15, 0, ERR!, 0'), row(2, 'NVIDIA A10'), row(3));
	writeFileSync(join(home, 'fails'), '');
	const { inventory, faults } = await detectGpus(tool);
	expect(inventory).toMatchObject({ gpuType: 'NVIDIA L40S', gpus: 4 });
	expect([...faults]).toEqual([
		[1, 'the driver says ERR!'],
		[2, expect.stringContaining('a host has GPUs of one type')],
	]);
});

test('a host without the tool or without GPUs is told what to do', async () => {
	await expect(detectGpus(join(home, 'no-such-tool'))).rejects.toThrow(/ENOENT.*LONGSHORE_DECLARED_GPUS/);
	print('No devices were found');
	await expect(detectGpus(tool)).rejects.toThrow('lists none');
});

test('a GPU that fails later is told once', async () => {
	print(row(0), row(1));
	const failures: [number, string][] = [];
	const stop = watchGpus(await detectGpus(tool), (gpu, reason) => failures.push([gpu, reason]), silentLog, { everyMs: 20, tool });
	print(row(0));
	await until(() => failures.length > 0, { what: 'the failure' });
	print(row(0), row(1, 'NVIDIA L40S', '46068, 550.54.15, 0, 41, 3'));
	print(row(0, 'NVIDIA L40S', '46068, 550.54.15, [Unknown Error], 41, 0'), row(1));
	await until(() => failures.length > 1, { what: 'the second failure' });
	stop();
	expect(failures).toEqual([
		[1, 'the driver does not list it any more'],
		[0, 'the driver says [Unknown Error]'],
	]);
});
