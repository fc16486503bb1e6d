/** RunPod's REST v1 shape of a template (`/v1/templates`). */
import * as z from 'zod';
import { TEMPLATE_DEFAULTS, type Template } from '../../account/template.ts';
import {
	COMMAND_WORD_CHARS_MAX,
	COMMAND_WORDS_MAX,
	CONTAINER_DISK_GB,
	DESCRIPTION_CHARS_MAX,
	ENV_NAME_PATTERN,
	ENV_VALUE_CHARS_MAX,
	ID_PATTERN,
	NAME_CHARS_MAX,
	PORT_PATTERN,
	PORTS_MAX,
} from '../../limits.ts';

const words = z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX);
const settable = {
	name: z.string().trim().min(1).max(NAME_CHARS_MAX),
	imageName: z.string().trim().min(1).max(500),
	containerDiskInGb: z.int().min(CONTAINER_DISK_GB.min).max(CONTAINER_DISK_GB.max),
	/** Null or empty: none. */
	containerRegistryAuthId: z.union([z.literal(''), z.string().regex(ID_PATTERN)]).nullable(),
	dockerEntrypoint: words,
	dockerStartCmd: words,
	env: z.record(z.string().regex(ENV_NAME_PATTERN, 'a name has letters, digits and _, and starts with no digit'), z.string().max(ENV_VALUE_CHARS_MAX)),
	isPublic: z.literal(false, 'this gateway has no public templates: leave it out'),
	ports: z.array(z.string().regex(PORT_PATTERN, 'must be <port>/http or <port>/tcp, such as 8080/http')).max(PORTS_MAX),
	readme: z.string().max(DESCRIPTION_CHARS_MAX),
	volumeInGb: z.int().min(0).max(10_000),
	volumeMountPath: z.string().max(500),
};
const ofCreate = { category: z.enum(['NVIDIA', 'AMD', 'CPU']), isServerless: z.boolean() };

/** Body of `POST /v1/templates`. */
export const createTemplateV1 = z
	.strictObject({ ...settable, ...ofCreate })
	.partial()
	.required({ name: true, imageName: true })
	.meta({ id: 'CreateTemplateV1' });
export type CreateTemplateV1 = z.infer<typeof createTemplateV1>;

/** Body of `PATCH /v1/templates/{id}`. */
export const updateTemplateV1 = z
	.strictObject({ ...settable, ...ofCreate })
	.partial()
	.meta({ id: 'UpdateTemplateV1' });
export type UpdateTemplateV1 = z.infer<typeof updateTemplateV1>;

/** Answers of `/v1/templates`. */
export const templateFieldsV1 = z.object({ ...settable, ...ofCreate, id: z.string(), isRunpod: z.boolean(), earned: z.number(), runtimeInMin: z.number() });
export const templateV1 = templateFieldsV1.meta({ id: 'TemplateV1' });
export const templateListV1 = z.array(templateFieldsV1).meta({ id: 'TemplateListV1' });

/** What a body names of a template. */
export function templateChangeFromV1(body: UpdateTemplateV1): Partial<Template> {
	const change = {
		image: body.imageName,
		entrypoint: body.dockerEntrypoint,
		command: body.dockerStartCmd,
		env: body.env,
		diskGb: body.containerDiskInGb,
		ports: body.ports,
		registryId: body.containerRegistryAuthId === undefined ? undefined : body.containerRegistryAuthId || null,
		isServerless: body.isServerless,
		category: body.category,
		volumeGb: body.volumeInGb,
		volumeMountPath: body.volumeMountPath,
		readme: body.readme,
	};
	return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** The template of a create body. The default ports are those of pods. */
export function templateFromV1(body: CreateTemplateV1): Template {
	const ports = body.isServerless === true ? { ports: [] } : {};
	return { ...TEMPLATE_DEFAULTS, ...ports, ...templateChangeFromV1(body), image: body.imageName };
}

/** The template as REST v1 shows it. Nobody earns by it. */
export function toTemplateV1(id: string, name: string, template: Template): z.infer<typeof templateFieldsV1> {
	return {
		id,
		name,
		imageName: template.image,
		category: template.category,
		containerDiskInGb: template.diskGb,
		containerRegistryAuthId: template.registryId ?? '',
		dockerEntrypoint: [...template.entrypoint],
		dockerStartCmd: [...template.command],
		env: { ...template.env },
		isPublic: false,
		isRunpod: false,
		isServerless: template.isServerless,
		ports: [...template.ports],
		readme: template.readme,
		volumeInGb: template.volumeGb,
		volumeMountPath: template.volumeMountPath,
		earned: 0,
		runtimeInMin: 0,
	};
}
