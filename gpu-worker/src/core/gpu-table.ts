/** What `nvidia-smi` says of a host's GPUs, read into types, names as RunPod spells them, and faults. */
import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';

/** Columns of the query, in order. */
export const GPU_QUERY = [
	'index',
	'uuid',
	'pci.bus_id',
	'name',
	'memory.total',
	'driver_version',
	'utilization.gpu',
	'temperature.gpu',
	'ecc.errors.uncorrected.volatile.total',
] as const;

export interface GpuRow {
	readonly index: number;
	readonly uuid: string;
	/** `0000:3b:00`, as the kernel's log writes it. */
	readonly pci: string;
	/** RunPod's name of the type; the driver's own for a type that the catalogue does not have. */
	readonly gpuType: string;
	readonly memoryMib: number | null;
	readonly driver: string;
	/** Percent. */
	readonly utilization: number | null;
	readonly celsius: number | null;
	/** Memory errors since the driver was loaded that could not be corrected. Null: the GPU does not count them. */
	readonly uncorrected: number | null;
	/** Why it cannot be used, or null. */
	readonly fault: string | null;
}

/** Errors of the driver after which a GPU needs a reset or a technician. Source: NVIDIA's list of Xid errors. */
const FATAL_XIDS: ReadonlyMap<number, string> = new Map([
	[48, 'double-bit memory error'],
	[64, 'row remapping failed'],
	[74, 'NVLink error'],
	[79, 'it has fallen off the bus'],
	[95, 'uncontained memory error'],
	[119, 'its firmware does not answer'],
	[120, 'its firmware failed'],
]);
const BROKEN = /\[?(?:Unknown Error|GPU requires reset|GPU is lost)\]?|ERR!/i;

/** Rows of `--format=csv,noheader,nounits`; lines that are no row (a GPU that is lost is told in words) are left out. */
export function readGpuTable(csv: string): GpuRow[] {
	return csv.split('\n').flatMap((line) => {
		const cells = line.split(', ').map((cell) => cell.trim());
		const [index = '', uuid = '', bus = '', name = '', memory = '', driver = '', utilization = '', celsius = '', uncorrected = ''] = cells;
		if (cells.length !== GPU_QUERY.length || !/^\d+$/.test(index) || !/^(?:GPU|MIG)-/.test(uuid)) return [];
		const errors = numberOf(uncorrected);
		const broken = [memory, utilization, celsius, uncorrected].find((cell) => BROKEN.test(cell));
		const fault = broken !== undefined ? `the driver says ${broken}` : errors !== null && errors > 0 ? `${errors} memory errors that could not be corrected` : null;
		return [
			{
				index: Number(index),
				uuid,
				pci: kernelAddress(bus),
				gpuType: runpodType(name),
				memoryMib: numberOf(memory),
				driver,
				utilization: numberOf(utilization),
				celsius: numberOf(celsius),
				uncorrected: errors,
				fault,
			},
		];
	});
}

/** The CUDA version that the driver brings, from the head of plain `nvidia-smi`; null when it says none. */
export function readCudaVersion(text: string): string | null {
	return /CUDA(?: UMD)? Version\s*:\s*(\d+\.\d+)/.exec(text)?.[1] ?? null;
}

/** RunPod's id of a type as the driver names it; old drivers leave out the maker. */
export function runpodType(name: string): string {
	const plain = (text: string): string =>
		text
			.replace(/^NVIDIA\s+/i, '')
			.replaceAll(/\s+/g, ' ')
			.toLowerCase();
	const ids = DEFAULT_CATALOG.gpus.map(({ id }) => id);
	return ids.find((id) => id === name) ?? ids.find((id) => plain(id) === plain(name)) ?? name;
}

/** Faults by UUID that show when the table and the driver's errors are compared with the GPUs that were there at the start. */
export function findFaults(atStart: readonly GpuRow[], now: readonly GpuRow[], newXids: readonly { readonly pci: string; readonly code: number }[]): Map<string, string> {
	const faults = new Map<string, string>();
	for (const gpu of atStart) {
		const row = now.find(({ uuid }) => uuid === gpu.uuid);
		const xid = newXids.find(({ pci, code }) => pci === gpu.pci && FATAL_XIDS.has(code));
		const reason = row === undefined ? 'the driver does not list it any more' : (row.fault ?? (xid === undefined ? null : `Xid ${xid.code}: ${FATAL_XIDS.get(xid.code)}`));
		if (reason !== null) faults.set(gpu.uuid, reason);
	}
	return faults;
}

/** `00000000:3B:00.0` → `0000:3b:00`. */
function kernelAddress(bus: string): string {
	const match = /^[0-9a-f]*([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})/i.exec(bus);
	return match === null ? bus : `${match[1]}:${match[2]}:${match[3]}`.toLowerCase();
}

/** `[N/A]` and `[Not Supported]` are no numbers, and no faults. */
function numberOf(cell: string): number | null {
	return /^\d+(?:\.\d+)?$/.test(cell) ? Number(cell) : null;
}
