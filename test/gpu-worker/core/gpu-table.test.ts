import { expect, test } from 'vitest';
import { findFaults, readCudaVersion, readGpuTable, runpodType } from '../../../gpu-worker/src/core/gpu-table.ts';

const row = (index: number, name: string, cells = '46068, 550.54.15, 0, 41, 0') =>
	`${index}, GPU-0000000${index}-aaaa-bbbb-cccc-000000000000, 00000000:3${index}:00.0, ${name}, ${cells}`;

test('a host with data centre cards', () => {
	expect(readGpuTable(`${row(0, 'NVIDIA L40S')}\n${row(1, 'NVIDIA L40S', '46068, 550.54.15, 97, 78, 0')}\n`)).toEqual([
		{
			index: 0,
			uuid: 'GPU-00000000-aaaa-bbbb-cccc-000000000000',
			pci: '0000:30:00',
			gpuType: 'NVIDIA L40S',
			memoryMib: 46_068,
			driver: '550.54.15',
			utilization: 0,
			celsius: 41,
			uncorrected: 0,
			fault: null,
		},
		expect.objectContaining({ index: 1, utilization: 97, celsius: 78 }),
	]);
});

test('a gaming card counts no memory errors, which is no fault', () => {
	expect(readGpuTable(row(0, 'NVIDIA GeForce RTX 4090', '24564, 560.35.03, 3, 35, [N/A]'))[0]).toMatchObject({
		gpuType: 'NVIDIA GeForce RTX 4090',
		uncorrected: null,
		fault: null,
	});
	expect(readGpuTable(row(0, 'Tesla V100-SXM2-16GB', '16160, 470.1, [Not Supported], 33, 0'))[0]).toMatchObject({
		gpuType: 'Tesla V100-SXM2-16GB',
		utilization: null,
		fault: null,
	});
});

test.each([
	['23034, 550.54.15, [Unknown Error], 41, 0', 'the driver says [Unknown Error]'],
	['[GPU requires reset], [GPU requires reset], [GPU requires reset], [GPU requires reset], [GPU requires reset]', 'the driver says [GPU requires reset]'],
	['23034, 550.54.15, 0, ERR!, 0', 'the driver says ERR!'],
	['81559, 550.54.15, 0, 40, 2', '2 memory errors that could not be corrected'],
])('a GPU with %s is faulty', (cells, fault) => {
	expect(readGpuTable(row(0, 'NVIDIA A10', cells))[0]?.fault).toBe(fault);
});

test('words between the rows are left out', () => {
	const text = `Unable to determine the device handle for GPU0000:31:00.0: Unknown Error\n${row(0, 'NVIDIA H100 80GB HBM3')}\nNo devices were found\n`;
	expect(readGpuTable(text).map(({ index }) => index)).toEqual([0]);
});

test.each([
	['NVIDIA H200', 'NVIDIA H200'],
	['NVIDIA A100-SXM4-80GB', 'NVIDIA A100-SXM4-80GB'],
	['GeForce RTX 3090', 'NVIDIA GeForce RTX 3090'],
	['A100-SXM4-80GB', 'NVIDIA A100-SXM4-80GB'],
	['nvidia  rtx a4500', 'NVIDIA RTX A4500'],
	['NVIDIA Something New', 'NVIDIA Something New'],
])('the driver’s %s is RunPod’s %s', (name, gpuType) => {
	expect(runpodType(name)).toBe(gpuType);
});

test.each([
	['| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4     |', '12.4'],
	['CUDA Version                              : 12.8', '12.8'],
	['| NVIDIA-SMI 580.65    KMD Version: 580.65    CUDA UMD Version: 13.0 |', '13.0'],
	['CUDA Version: N/A', null],
])('CUDA in %s is %s', (text, version) => {
	expect(readCudaVersion(text)).toBe(version);
});

test('a GPU fails when it is gone, when the driver says so, and by a fatal error in the kernel’s log; not by a program’s own error', () => {
	const atStart = readGpuTable([0, 1, 2, 3].map((index) => row(index, 'NVIDIA L40S')).join('\n'));
	const now = readGpuTable([row(0, 'NVIDIA L40S'), row(1, 'NVIDIA L40S', '46068, 550.54.15, 0, 41, 1'), row(3, 'NVIDIA L40S')].join('\n'));
	const xids = [
		{ pci: '0000:33:00', code: 79 },
		{ pci: '0000:30:00', code: 31 },
	];
	expect([...findFaults(atStart, now, xids)].map(([uuid, reason]) => [uuid.slice(0, 12), reason])).toEqual([
		['GPU-00000001', '1 memory errors that could not be corrected'],
		['GPU-00000002', 'the driver does not list it any more'],
		['GPU-00000003', 'Xid 79: it has fallen off the bus'],
	]);
});
