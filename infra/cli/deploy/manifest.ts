/** The shape of `longshore.json`: what a project wants to run, by name, in the settings of REST v2. */
import { createEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { createTemplateV2 } from '@longshore/shared-schema/wire/rest-v2/template';
import { createVolumeV2 } from '@longshore/shared-schema/wire/rest-v2/volume';
import * as z from 'zod';

const { name: _endpointName, registry: _endpointRegistry, networkVolumes: _volumes, type, image, ...endpointSettings } = createEndpointV2.shape;
const { name: _templateName, registry: _templateRegistry, image: templateImage, ...templateSettings } = createTemplateV2.shape;
const { name: _volumeName, ...volumeSettings } = createVolumeV2.shape;

const directory = z.string().min(1).max(400).describe('Working directory of a local process, from this file; short for image "process://…".');
const registry = z.string().min(1).max(191).describe('Name or id of a registry credential of the account.');
const name = z.string().min(1).max(191);

const endpoint = z.strictObject({
	...endpointSettings,
	type: type.optional().describe('QUEUE when left out.'),
	image: image.optional(),
	directory: directory.optional(),
	template: name.optional().describe('Template of this file or of the account: its image, command, environment, disk and ports, where this endpoint says nothing else.'),
	registry: registry.optional(),
	networkVolumes: z.array(name).max(30).optional().describe('Names or ids of volumes of this file or of the account.'),
});

const template = z.strictObject({ ...templateSettings, image: templateImage.optional(), directory: directory.optional(), registry: registry.optional() });
const volume = z.strictObject(volumeSettings);

/** The whole file. What it does not name is left alone. */
export const manifest = z.strictObject({
	$schema: z.string().optional(),
	context: z.string().optional().describe('Context meant in this project, unless --context or LONGSHORE_CONTEXT say otherwise.'),
	volumes: z.record(name, volume).optional(),
	templates: z.record(name, template).optional(),
	endpoints: z.record(name, endpoint).optional(),
});
export type Manifest = z.infer<typeof manifest>;
export type ManifestEndpoint = z.infer<typeof endpoint>;
export type ManifestTemplate = z.infer<typeof template>;
export type ManifestVolume = z.infer<typeof volume>;

/** JSON Schema of the file, for editors. */
export function manifestJsonSchema(): unknown {
	return { ...z.toJSONSchema(manifest, { io: 'input', unrepresentable: 'any' }), title: 'longshore.json' };
}
