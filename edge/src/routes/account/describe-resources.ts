/** What the routes of templates, volumes, registry credentials and secrets say of themselves. */
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { createRegistry, registryListV2, registryV2 } from '@longshore/shared-schema/wire/rest-v2/registry';
import { createSecret, secretListV2, secretV2, updateSecret } from '@longshore/shared-schema/wire/rest-v2/secret';
import { createTemplateV2, templateListV2, templateV2, updateTemplateV2 } from '@longshore/shared-schema/wire/rest-v2/template';
import { createVolumeV2, updateVolumeV2, volumeListV2, volumeV2 } from '@longshore/shared-schema/wire/rest-v2/volume';
import * as z from 'zod';
import type { Group, Operation } from '../../openapi/operation.ts';

/** The five operations on a kind of resource. */
interface Crud {
	readonly list: Operation;
	readonly create: Operation;
	readonly get: Operation;
	readonly update: Operation;
	readonly remove: Operation;
}

interface Resource {
	readonly group: Group;
	/** One of them in a sentence, and as the name in operations' ids; the plural likewise. */
	readonly one: string;
	readonly id: string;
	readonly many: string;
	readonly ids: string;
	readonly view: z.ZodType;
	readonly list: z.ZodType;
	readonly create: { readonly schema: z.ZodType; readonly example: unknown };
	readonly update: { readonly schema: z.ZodType; readonly example: unknown };
	readonly text?: string;
}

function crudOf({ group, one, id, many, ids, view, list, create, update, text }: Resource): Crud {
	const body = (part: Resource['create']): NonNullable<Operation['body']> => ({ ...part, bytesMax: MANAGE_BODY_BYTES_MAX, required: true });
	return {
		list: { id: `list${ids}`, group, summary: `List ${many}`, key: 'read', answers: { 200: { text: `The account’s ${many}.`, schema: list } } },
		create: {
			id: `create${id}`,
			group,
			summary: `Make a ${one}`,
			...(text === undefined ? {} : { text }),
			key: 'manage',
			body: body(create),
			answers: { 201: { text: `The ${one}.`, schema: view } },
			errors: ['conflict'],
		},
		get: { id: `get${id}`, group, summary: `Read a ${one}`, key: 'read', answers: { 200: { text: `The ${one}.`, schema: view } }, errors: ['unknown_resource'] },
		update: {
			id: `update${id}`,
			group,
			summary: `Change a ${one}`,
			key: 'manage',
			body: body(update),
			answers: { 200: { text: `The ${one}.`, schema: view } },
			errors: ['unknown_resource', 'conflict'],
		},
		remove: {
			id: `delete${id}`,
			group,
			summary: `Delete a ${one}`,
			text: 'Refused while an endpoint uses it.',
			key: 'manage',
			answers: { 204: { text: 'It is gone.' } },
			errors: ['unknown_resource', 'conflict'],
		},
	};
}

export const templateOperations: Crud = crudOf({
	group: 'Templates',
	one: 'template',
	id: 'Template',
	many: 'templates',
	ids: 'Templates',
	view: templateV2,
	list: templateListV2,
	create: { schema: createTemplateV2, example: { name: 'embedder', image: 'example/embedder:1', serverless: true, env: { HF_TOKEN: '{{ secret.hf-token }}' } } },
	update: { schema: updateTemplateV2, example: { image: 'example/embedder:2' } },
});

export const volumeOperations: Crud = crudOf({
	group: 'Volumes',
	one: 'network volume',
	id: 'NetworkVolume',
	many: 'network volumes',
	ids: 'NetworkVolumes',
	view: volumeV2,
	list: volumeListV2,
	create: { schema: createVolumeV2, example: { name: 'models', size: 100, dataCenter: 'EU-RO-1' } },
	update: { schema: updateVolumeV2, example: { size: 200 } },
	text: 'It only grows; data centre and type stay.',
});

/** There is no change of a credential: make another one. */
export const registryOperations: Crud = crudOf({
	group: 'Registries',
	one: 'registry credential',
	id: 'Registry',
	many: 'registry credentials',
	ids: 'Registries',
	view: registryV2,
	list: registryListV2,
	create: { schema: createRegistry, example: { name: 'ghcr', username: 'me', password: 'token' } },
	update: { schema: createRegistry, example: {} },
});

/** Under both of their paths. */
export const secretOperations: readonly Crud[] = ['', 'Account'].map((prefix) => {
	const crud = crudOf({
		group: 'Secrets',
		one: 'secret',
		id: `${prefix}Secret`,
		many: 'secrets',
		ids: `${prefix}Secrets`,
		view: secretV2,
		list: secretListV2,
		create: { schema: createSecret, example: { name: 'hf-token', value: 'hf_…', description: 'Hugging Face, read only' } },
		update: { schema: updateSecret, example: { value: 'hf_…' } },
		text: 'The value is sealed in storage and shown by no call. An endpoint whose environment refers to it gets the value of its time.',
	});
	return { ...crud, list: { ...crud.list, query: [{ name: 'name', text: 'Only the secret with this name, in any case.', schema: z.string(), example: 'hf-token' }] } };
});
