/** What a catalogue is: GPU types, pools with prices, CPU flavours, data centres. The pools themselves are fixed; all that is said of them can change. */
import * as z from 'zod';
import { GPU_POOL_IDS } from './pools.ts';

const name = z.string().min(1).max(80);
/** US dollars; null: no published price. */
const price = z.number().min(0).max(1_000).nullable();

export const DATA_CENTER_REGIONS = ['NORTH_AMERICA', 'SOUTH_AMERICA', 'EUROPE', 'ASIA', 'MIDDLE_EAST', 'AFRICA', 'OCEANIA', 'ANTARCTICA', 'UNKNOWN'] as const;

const catalogShape = z.strictObject({
	/** Day from which on the prices hold, `YYYY-MM-DD`. */
	date: z.iso.date(),
	/** Where they come from, for people. */
	source: z.string().min(1).max(500),
	/** Memory of the smallest type in GB, US dollars per second and GPU. */
	pools: z.array(z.strictObject({ id: z.enum(GPU_POOL_IDS), memoryGb: z.number().min(1).max(10_000), flexPerSecond: price, activePerSecond: price })).min(1),
	/** `pool` null: a type that no pool holds, to be chosen by name. */
	gpus: z
		.array(z.strictObject({ id: name, name, pool: z.enum(GPU_POOL_IDS).nullable(), manufacturer: z.enum(['NVIDIA', 'AMD', 'UNKNOWN']), memoryGb: z.int().min(1).max(10_000) }))
		.max(500),
	cpus: z
		.array(
			z.strictObject({
				id: z.string().regex(/^[a-z0-9]{1,20}$/),
				name,
				group: name,
				vcpuMin: z.int().min(1).max(256),
				vcpuMax: z.int().min(1).max(256),
				ramGbPerVcpu: z.number().min(0.1).max(100),
				perVcpuSecond: price,
			}),
		)
		.max(100),
	dataCenters: z.array(z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/), name, region: z.enum(DATA_CENTER_REGIONS) })).max(500),
});

/** A catalogue whose ids are unique, with every pool priced once and CPU ranges that are ranges. */
export const catalog: z.ZodType<z.infer<typeof catalogShape>> = catalogShape.superRefine((value, context) => {
	for (const list of ['pools', 'gpus', 'cpus', 'dataCenters'] as const) {
		const seen = new Set<string>();
		value[list].forEach(({ id }, n) => {
			if (seen.has(id)) context.addIssue({ code: 'custom', path: [list, n, 'id'], message: `${id} is listed twice: keep one` });
			seen.add(id);
		});
	}
	value.cpus.forEach(({ vcpuMin, vcpuMax }, n) => {
		if (vcpuMin > vcpuMax) context.addIssue({ code: 'custom', path: ['cpus', n, 'vcpuMin'], message: `must not exceed vcpuMax (${vcpuMax})` });
	});
	const missing = GPU_POOL_IDS.filter((id) => !value.pools.some((pool) => pool.id === id));
	if (missing.length > 0) context.addIssue({ code: 'custom', path: ['pools'], message: `lacks ${missing.join(', ')}: every pool has an entry, with null where there is no price` });
});
export type Catalog = z.infer<typeof catalogShape>;
