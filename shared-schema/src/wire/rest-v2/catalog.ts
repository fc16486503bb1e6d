/** RunPod's REST v2 shape of the catalogue (`/v2/catalog/…`): GPU types, CPU flavours, data centres, and how free they are. Members that are ours say so. */
import * as z from 'zod';
import { type Catalog, DATA_CENTER_REGIONS } from '../../catalog/catalog.ts';
import type { HostFigure } from '../region.ts';

const level = z.enum(['NONE', 'LOW', 'MEDIUM', 'HIGH']);
export type Availability = z.infer<typeof level>;

const place = z.object({ id: z.string(), name: z.string(), availability: level });
const gpu = z.object({
	id: z.string(),
	name: z.string(),
	pool: z.string().nullable(),
	manufacturer: z.enum(['NVIDIA', 'AMD', 'UNKNOWN']),
	memory: z.int().describe('GB.'),
	secure: z.boolean().describe('Whether a host here has it.'),
	community: z.boolean(),
	price: z
		.object({ secure: z.number(), community: z.number(), serverless: z.number().optional() })
		.describe('US dollars an hour and GPU. There are no pods here: `secure` and `community` repeat the serverless price, 0 where none is published.'),
	flexPerSecond: z.number().nullable().describe('Ours: US dollars a second and GPU.'),
	activePerSecond: z.number().nullable().describe('Ours: the same for workers that are always on.'),
	maxCount: z.object({ secure: z.int(), community: z.int() }).describe('GPUs of the largest host.'),
	availability: level.optional(),
	dataCenters: z.array(place).optional(),
	cudaVersions: z.array(z.object({ version: z.string(), available: z.boolean() })).optional(),
});
export type GpuTypeV2 = z.infer<typeof gpu>;
const cpu = z.object({
	id: z.string(),
	name: z.string(),
	group: z.string(),
	vcpu: z.object({ min: z.int(), max: z.int() }),
	ramGbPerVcpu: z.number(),
	price: z.object({ securePerVcpu: z.number().nullable(), serverlessPerVcpu: z.number().nullable() }).describe('US dollars an hour; null: none is published.'),
});
export type CpuTypeV2 = z.infer<typeof cpu>;
const dataCenter = z.object({
	id: z.string(),
	name: z.string(),
	region: z.enum(DATA_CENTER_REGIONS),
	globalNetwork: z.boolean(),
	networkVolumeTypes: z.array(z.enum(['STANDARD', 'HIGH_PERFORMANCE'])),
	compliance: z.array(z.string()),
	served: z.boolean().describe('Ours: whether a region has a host there.'),
	gpuAvailability: z.array(place).optional(),
});
export type DataCenterV2 = z.infer<typeof dataCenter>;

/** Ours: of when the prices are. */
const origin = { date: z.iso.date(), source: z.string() };
export const gpuTypeV2 = gpu.meta({ id: 'GpuType' });
export const gpuTypesV2 = z.object({ gpus: z.array(gpu), ...origin }).meta({ id: 'GpuTypes' });
export const cpuTypeV2 = cpu.meta({ id: 'CpuType' });
export const cpuTypesV2 = z.object({ cpus: z.array(cpu), ...origin }).meta({ id: 'CpuTypes' });
export const dataCenterV2 = dataCenter.meta({ id: 'DataCenter' });
export const dataCentersV2 = z.object({ dataCenters: z.array(dataCenter), ...origin }).meta({ id: 'DataCenters' });

/** GPU types with their prices; with `count`, how free workers of that many GPUs are. */
export function showGpus(catalog: Catalog, hosts: readonly HostFigure[], count: number | null): GpuTypeV2[] {
	return catalog.gpus.map(({ id, name, pool, manufacturer, memoryGb }) => {
		const { flexPerSecond = null, activePerSecond = null } = catalog.pools.find((candidate) => candidate.id === pool) ?? {};
		const hourly = flexPerSecond === null ? null : Math.round(flexPerSecond * 3_600 * 1e6) / 1e6;
		const own = hosts.filter(({ gpuType }) => gpuType === id);
		return {
			id,
			name,
			pool,
			manufacturer,
			memory: memoryGb,
			secure: own.length > 0,
			community: false,
			price: { secure: hourly ?? 0, community: hourly ?? 0, ...(hourly === null ? {} : { serverless: hourly }) },
			flexPerSecond,
			activePerSecond,
			maxCount: { secure: Math.max(0, ...own.map(({ gpus }) => gpus)), community: 0 },
			...(count === null ? {} : freeness(catalog, own, count)),
		};
	});
}

/** CPU flavours with their prices. */
export function showCpus(catalog: Catalog): CpuTypeV2[] {
	return catalog.cpus.map(({ id, name, group, vcpuMin, vcpuMax, ramGbPerVcpu, perVcpuSecond }) => {
		const hourly = perVcpuSecond === null ? null : Math.round(perVcpuSecond * 3_600 * 1e6) / 1e6;
		return { id, name, group, vcpu: { min: vcpuMin, max: vcpuMax }, ramGbPerVcpu, price: { securePerVcpu: hourly, serverlessPerVcpu: hourly } };
	});
}

/** Data centres with hosts first, those of the catalogue that nobody serves behind them. */
export function showDataCenters(catalog: Catalog, hosts: readonly HostFigure[], withGpus: boolean): DataCenterV2[] {
	const served = [...new Set(hosts.map(({ dataCenterId }) => dataCenterId))].sort();
	const others = catalog.dataCenters.map(({ id }) => id).filter((id) => !served.includes(id));
	return [...served, ...others].map((id) => {
		const known = catalog.dataCenters.find((candidate) => candidate.id === id);
		const own = hosts.filter(({ dataCenterId, gpus }) => dataCenterId === id && gpus > 0);
		const gpuAvailability = [...new Set(own.map(({ gpuType }) => gpuType))].sort().map((gpuType) => ({
			id: gpuType,
			name: catalog.gpus.find((candidate) => candidate.id === gpuType)?.name ?? gpuType,
			availability: levelOf(
				own.filter((one) => one.gpuType === gpuType),
				1,
			),
		}));
		return {
			id,
			name: known?.name ?? id,
			region: known?.region ?? 'UNKNOWN',
			globalNetwork: false,
			networkVolumeTypes: served.includes(id) ? ['STANDARD', 'HIGH_PERFORMANCE'] : [],
			compliance: [],
			served: served.includes(id),
			...(withGpus && gpuAvailability.length > 0 ? { gpuAvailability } : {}),
		};
	});
}

function freeness(catalog: Catalog, hosts: readonly HostFigure[], count: number): Pick<GpuTypeV2, 'availability' | 'dataCenters' | 'cudaVersions'> {
	const by = <K extends 'dataCenterId' | 'cudaVersion'>(member: K): [string, HostFigure[]][] =>
		[...new Set(hosts.map((host) => host[member]))].sort().map((value) => [value, hosts.filter((host) => host[member] === value)]);
	const dataCenters = by('dataCenterId').map(([id, own]) => ({ id, name: catalog.dataCenters.find((one) => one.id === id)?.name ?? id, availability: levelOf(own, count) }));
	return {
		availability: levelOf(hosts, count),
		...(dataCenters.length === 0 ? {} : { dataCenters }),
		...(hosts.length === 0 ? {} : { cudaVersions: by('cudaVersion').map(([version, own]) => ({ version, available: levelOf(own, count) !== 'NONE' })) }),
	};
}

/** By the part of workers with `count` GPUs that could start now: more than half HIGH, more than a fifth MEDIUM. */
function levelOf(hosts: readonly HostFigure[], count: number): Availability {
	const sum = (of: (host: HostFigure) => number): number => hosts.reduce((total, host) => total + Math.floor(of(host) / count), 0);
	const [free, all] = [sum(({ gpusFree, draining }) => (draining ? 0 : gpusFree)), sum(({ gpus }) => gpus)];
	if (free === 0) return 'NONE';
	return free / all > 0.5 ? 'HIGH' : free / all > 0.2 ? 'MEDIUM' : 'LOW';
}
