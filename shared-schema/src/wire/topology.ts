/** The local stack's topology file (`LONGSHORE_TOPOLOGY`): regions → data centres → hosts with declared GPUs. */
import * as z from 'zod';

const id = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/);
export const topologyHost = z.strictObject({
	gpuType: z.string(),
	count: z.int().min(0).max(64),
	cudaVersion: z.string().default('12.8'),
	models: z.array(z.string()).default([]),
});
export type TopologyHost = z.infer<typeof topologyHost>;
export const topology = z.strictObject({
	regions: z.record(
		id,
		z.strictObject({
			brokers: z.int().min(1).max(5).default(1),
			natsNodes: z.union([z.literal(1), z.literal(3)]).default(1),
			/** One-way delay added on the link between edge and region. */
			delayMs: z.number().min(0).max(2_000).default(0),
			dataCenters: z.record(id, z.strictObject({ hosts: z.record(id, topologyHost) })),
		}),
	),
});
export type Topology = z.infer<typeof topology>;

/** Two regions, three data centres, different pools. */
export const DEFAULT_TOPOLOGY: Topology = topology.parse({
	regions: {
		'eu-1': {
			dataCenters: {
				'EU-RO-1': { hosts: { 'eu-ro-1-a': { gpuType: 'NVIDIA GeForce RTX 4090', count: 4 } } },
				'EU-SE-1': { hosts: { 'eu-se-1-a': { gpuType: 'NVIDIA A100 80GB PCIe', count: 4 } } },
			},
		},
		'us-1': { dataCenters: { 'US-TX-3': { hosts: { 'us-tx-3-a': { gpuType: 'NVIDIA L40S', count: 4 } } } } },
	},
});
