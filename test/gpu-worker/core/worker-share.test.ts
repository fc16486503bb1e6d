import { expect, test } from 'vitest';
import { workerShare } from '../../../gpu-worker/src/core/worker-share.ts';

const GIB = 2 ** 30;
const host = { memoryBytes: 1_000 * GIB, cpus: 64, gpus: 8 };
const share = (gpuCount: number, flavor?: { id: string; vcpuCount: number }, of = host) => workerShare({ gpuCount, cpuFlavors: flavor === undefined ? [] : [flavor] }, of);

test('a worker with GPUs gets memory and processors in the share of its GPUs; the system keeps a tenth of the memory', () => {
	expect(share(8)).toEqual({ memoryBytes: 900 * GIB, cpus: 64 });
	expect(share(2)).toEqual({ memoryBytes: 225 * GIB, cpus: 16 });
	expect(share(1, undefined, { memoryBytes: 100, cpus: 2, gpus: 4 })).toEqual({ memoryBytes: 22, cpus: 1 });
});

test('a CPU worker gets what its flavour says, as far as the host has it', () => {
	expect(share(0, { id: 'cpu3g', vcpuCount: 4 })).toEqual({ memoryBytes: 16 * GIB, cpus: 4 });
	expect(share(0, { id: 'cpu3m', vcpuCount: 32 }, { memoryBytes: 10 * GIB, cpus: 8, gpus: 0 })).toEqual({ memoryBytes: 9 * GIB, cpus: 8 });
	expect(share(0)).toEqual({ memoryBytes: 4 * GIB, cpus: 2 });
});
