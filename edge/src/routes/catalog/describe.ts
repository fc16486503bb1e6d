/** What the catalogue's routes say of themselves. */
import { cpuTypesV2, cpuTypeV2, dataCentersV2, dataCenterV2, gpuTypesV2, gpuTypeV2 } from '@longshore/shared-schema/wire/rest-v2/catalog';
import * as z from 'zod';
import { describeInteger } from '../../gate/query.ts';
import type { Operation, Parameter } from '../../openapi/operation.ts';
import { COUNT } from './read.ts';

const idOf = (text: string, example: string): Parameter[] => [{ name: 'id', text, schema: z.string().max(80), example }];
const free: Parameter[] = [
	{ name: 'include', text: '`AVAILABILITY`: how free workers with these GPUs are, with `product`.', schema: z.enum(['AVAILABILITY']) },
	{ name: 'product', text: 'What is asked for; only `SERVERLESS` finds anything here.', schema: z.enum(['POD', 'CLUSTER', 'SERVERLESS']) },
	describeInteger(COUNT, 1, 'GPUs of a worker.'),
];
const withGpus: Parameter[] = [
	{ name: 'include', text: '`GPU_AVAILABILITY`: the GPU types there and how free they are.', schema: z.enum(['GPU_AVAILABILITY', 'CPU_AVAILABILITY']) },
];
const base = { group: 'Catalog', key: 'read' } as const;

export const catalogOperations = {
	gpus: {
		...base,
		id: 'listGpuTypes',
		summary: 'List GPU types',
		text: 'With memory, pool and prices, dated.',
		query: free,
		answers: { 200: { text: 'The types.', schema: gpuTypesV2 } },
		errors: ['invalid_request'],
	},
	gpu: {
		...base,
		id: 'getGpuType',
		summary: 'Read a GPU type',
		path: idOf('Id of the type.', 'NVIDIA L40S'),
		query: free,
		answers: { 200: { text: 'The type.', schema: gpuTypeV2 } },
		errors: ['unknown_resource', 'invalid_request'],
	},
	cpus: { ...base, id: 'listCpuTypes', summary: 'List CPU flavours', answers: { 200: { text: 'The flavours.', schema: cpuTypesV2 } } },
	cpu: {
		...base,
		id: 'getCpuType',
		summary: 'Read a CPU flavour',
		path: idOf('Id of the flavour.', 'cpu5c'),
		answers: { 200: { text: 'The flavour.', schema: cpuTypeV2 } },
		errors: ['unknown_resource'],
	},
	dataCenters: {
		...base,
		id: 'listDataCenters',
		summary: 'List data centres',
		text: 'Those with hosts first.',
		query: withGpus,
		answers: { 200: { text: 'The data centres.', schema: dataCentersV2 } },
		errors: ['invalid_request'],
	},
	dataCenter: {
		...base,
		id: 'getDataCenter',
		summary: 'Read a data centre',
		path: idOf('Id of the data centre.', 'EU-RO-1'),
		query: withGpus,
		answers: { 200: { text: 'The data centre.', schema: dataCenterV2 } },
		errors: ['unknown_resource', 'invalid_request'],
	},
} as const satisfies Record<string, Operation>;
