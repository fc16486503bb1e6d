/** GPU catalogue: RunPod's pools (tiers), the GPU types in them by RunPod's ids, memory and prices. Replaceable data; prices of April 2026 (see mission figures in infra/docs). */

/** Pools in rising order of price. Source: RunPod's GPU type reference and REST v2 catalogue. */
export const GPU_POOL_IDS = [
	'AMPERE_16',
	'AMPERE_24',
	'ADA_24',
	'ADA_32_PRO',
	'AMPERE_48',
	'ADA_48_PRO',
	'AMPERE_80',
	'ADA_80_PRO',
	'BLACKWELL_96',
	'HOPPER_141',
	'BLACKWELL_180',
] as const;
export type GpuPoolId = (typeof GPU_POOL_IDS)[number];

/** One pool: memory of its smallest type in GB, US dollars per second and GPU for flex and active workers (null: no published price). */
export interface GpuPool {
	readonly id: GpuPoolId;
	readonly memoryGb: number;
	readonly flexPerSecond: number | null;
	readonly activePerSecond: number | null;
	readonly gpuTypes: readonly string[];
}

export const GPU_POOLS: readonly GpuPool[] = [
	{
		id: 'AMPERE_16',
		memoryGb: 16,
		flexPerSecond: 0.00016,
		activePerSecond: 0.00011,
		gpuTypes: ['NVIDIA RTX A4000', 'NVIDIA RTX A4500', 'NVIDIA RTX 4000 Ada Generation', 'NVIDIA RTX 2000 Ada Generation'],
	},
	{ id: 'AMPERE_24', memoryGb: 24, flexPerSecond: 0.00019, activePerSecond: 0.00013, gpuTypes: ['NVIDIA L4', 'NVIDIA RTX A5000', 'NVIDIA GeForce RTX 3090'] },
	{ id: 'ADA_24', memoryGb: 24, flexPerSecond: 0.00031, activePerSecond: 0.00021, gpuTypes: ['NVIDIA GeForce RTX 4090'] },
	{ id: 'ADA_32_PRO', memoryGb: 32, flexPerSecond: null, activePerSecond: null, gpuTypes: ['NVIDIA GeForce RTX 5090'] },
	{ id: 'AMPERE_48', memoryGb: 48, flexPerSecond: 0.00034, activePerSecond: 0.00024, gpuTypes: ['NVIDIA RTX A6000', 'NVIDIA A40'] },
	{ id: 'ADA_48_PRO', memoryGb: 48, flexPerSecond: 0.00053, activePerSecond: 0.00037, gpuTypes: ['NVIDIA L40', 'NVIDIA L40S', 'NVIDIA RTX 6000 Ada Generation'] },
	{ id: 'AMPERE_80', memoryGb: 80, flexPerSecond: 0.00076, activePerSecond: 0.0006, gpuTypes: ['NVIDIA A100 80GB PCIe', 'NVIDIA A100-SXM4-80GB'] },
	{ id: 'ADA_80_PRO', memoryGb: 80, flexPerSecond: 0.00116, activePerSecond: 0.00093, gpuTypes: ['NVIDIA H100 80GB HBM3', 'NVIDIA H100 PCIe', 'NVIDIA H100 NVL'] },
	{
		id: 'BLACKWELL_96',
		memoryGb: 96,
		flexPerSecond: null,
		activePerSecond: null,
		gpuTypes: ['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'NVIDIA RTX PRO 6000 Blackwell Workstation Edition', 'NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition'],
	},
	{ id: 'HOPPER_141', memoryGb: 141, flexPerSecond: 0.00155, activePerSecond: 0.00124, gpuTypes: ['NVIDIA H200'] },
	{ id: 'BLACKWELL_180', memoryGb: 180, flexPerSecond: 0.0024, activePerSecond: 0.0019, gpuTypes: ['NVIDIA B200'] },
];

/** The pool that a GPU type belongs to, or undefined for a type outside the catalogue. */
export function poolOfGpuType(gpuType: string): GpuPool | undefined {
	return GPU_POOLS.find((pool) => pool.gpuTypes.includes(gpuType));
}
