/** What the routes of REST v1 say of themselves. */
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { createEndpointV1, updateEndpointV1 } from '@longshore/shared-schema/wire/rest-v1/endpoint-body';
import { endpointListV1, endpointV1 } from '@longshore/shared-schema/wire/rest-v1/endpoint-show';
import { createTemplateV1, templateListV1, templateV1, updateTemplateV1 } from '@longshore/shared-schema/wire/rest-v1/template';
import { createVolumeV1, updateVolumeV1, volumeListV1, volumeV1 } from '@longshore/shared-schema/wire/rest-v1/volume';
import { createRegistry, registryListV1, registryV2 } from '@longshore/shared-schema/wire/rest-v2/registry';
import * as z from 'zod';
import type { Group, Operation, Parameter } from '../../openapi/operation.ts';

/** Operations on one kind of thing. REST v1 answers creates with 200. */
interface V1 {
	readonly list: Operation;
	readonly create: Operation;
	readonly get: Operation;
	/** `PATCH /{id}`, and the same as `POST /{id}/update`. */
	readonly update: Operation;
	readonly updateByPost: Operation;
	readonly remove: Operation;
}

interface Thing {
	readonly one: string;
	readonly id: string;
	readonly view: z.ZodType;
	readonly list: z.ZodType;
	readonly create: z.ZodType;
	readonly example: unknown;
	readonly update: z.ZodType;
	readonly updateExample: unknown;
	readonly query?: readonly Parameter[];
	readonly text?: string;
}

function v1Of({ one, id, view, list, create, example, update, updateExample, query, text }: Thing): V1 {
	const group: Group = 'REST v1';
	const answers = { 200: { text: `The ${one}.`, schema: view } };
	const body = (schema: z.ZodType, shown: unknown): NonNullable<Operation['body']> => ({ schema, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: shown });
	const read = { group, key: 'read' as const, ...(query === undefined ? {} : { query }) };
	const manage = { group, key: 'manage' as const, ...(query === undefined ? {} : { query }) };
	const change = { ...manage, summary: `Change a ${one}`, body: body(update, updateExample), answers, errors: ['unknown_resource', 'conflict'] as const };
	return {
		list: { ...read, id: `list${id}V1`, summary: `List every ${one}`, answers: { 200: { text: 'A bare array.', schema: list } } },
		create: { ...manage, id: `create${id}V1`, summary: `Make a ${one}`, ...(text === undefined ? {} : { text }), body: body(create, example), answers, errors: ['conflict'] },
		get: { ...read, id: `get${id}V1`, summary: `Read a ${one}`, answers, errors: ['unknown_resource'] },
		update: { ...change, id: `update${id}V1` },
		updateByPost: { ...change, id: `update${id}ByPostV1` },
		remove: { group, key: 'manage', id: `delete${id}V1`, summary: `Delete a ${one}`, answers: { 204: { text: 'It is gone.' } }, errors: ['unknown_resource', 'conflict'] },
	};
}

const flag = (name: string, text: string): Parameter => ({ name, text, schema: z.enum(['true', 'false']), example: 'true' });

export const endpointsV1Operations: V1 = v1Of({
	one: 'endpoint',
	id: 'Endpoint',
	view: endpointV1,
	list: endpointListV1,
	create: createEndpointV1,
	example: { templateId: 't1m7q0c3v8x2ka', name: 'embedder', gpuTypeIds: ['NVIDIA GeForce RTX 4090'], workersMax: 3 },
	update: updateEndpointV1,
	updateExample: { workersMax: 5 },
	query: [flag('includeTemplate', 'Shows the template too.'), flag('includeWorkers', 'Shows the workers too.')],
	text: 'A queue endpoint. It stays bound to its template: a change of the template makes a new release.',
});

export const templatesV1Operations: V1 = v1Of({
	one: 'template',
	id: 'Template',
	view: templateV1,
	list: templateListV1,
	create: createTemplateV1,
	example: { name: 'embedder', imageName: 'example/embedder:1', isServerless: true },
	update: updateTemplateV1,
	updateExample: { imageName: 'example/embedder:2' },
});

export const volumesV1Operations: V1 = v1Of({
	one: 'network volume',
	id: 'NetworkVolume',
	view: volumeV1,
	list: volumeListV1,
	create: createVolumeV1,
	example: { name: 'models', size: 100, dataCenterId: 'EU-RO-1' },
	update: updateVolumeV1,
	updateExample: { size: 200 },
});

export const registriesV1Operations: V1 = v1Of({
	one: 'registry credential',
	id: 'RegistryAuth',
	view: registryV2,
	list: registryListV1,
	create: createRegistry,
	example: { name: 'ghcr', username: 'me', password: 'token' },
	update: createRegistry,
	updateExample: {},
});
