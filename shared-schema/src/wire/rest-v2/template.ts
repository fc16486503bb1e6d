/** RunPod's REST v2 shape of a template (`/v2/templates`). Unknown members are refused. */
import * as z from 'zod';
import { TEMPLATE_DEFAULTS, type Template } from '../../account/template.ts';
import { joinShellWords, splitShellWords } from '../../endpoint/shell-words.ts';
import {
	COMMAND_WORD_CHARS_MAX,
	COMMAND_WORDS_MAX,
	CONTAINER_DISK_GB,
	CUDA_VERSION_PATTERN,
	DESCRIPTION_CHARS_MAX,
	ENV_NAME_PATTERN,
	ENV_VALUE_CHARS_MAX,
	ID_PATTERN,
	NAME_CHARS_MAX,
	PORT_PATTERN,
	PORTS_MAX,
} from '../../limits.ts';

const settable = {
	name: z.string().trim().min(1).max(NAME_CHARS_MAX),
	image: z.string().trim().min(1).max(500),
	/** Start command, split as a shell would. */
	args: z.string().max(20_000),
	/** GB. */
	disk: z.int().min(CONTAINER_DISK_GB.min).max(CONTAINER_DISK_GB.max),
	env: z.record(z.string().regex(ENV_NAME_PATTERN, 'a name has letters, digits and _, and starts with no digit'), z.string().max(ENV_VALUE_CHARS_MAX)),
	ports: z.array(z.string().regex(PORT_PATTERN, 'must be <port>/http or <port>/tcp, such as 8080/http')).max(PORTS_MAX),
	registry: z.string().regex(ID_PATTERN).nullable(),
	allowedCudaVersions: z.array(z.string().regex(CUDA_VERSION_PATTERN, 'must be major.minor, such as 12.8')).max(30),
	category: z.enum(['CPU', 'NVIDIA', 'AMD']),
	mounts: z.strictObject({ persistent: z.strictObject({ size: z.int().min(10).max(10_000), path: z.string().startsWith('/').max(500) }).optional() }),
	serverless: z.boolean(),
	public: z.literal(false, 'this gateway has no public templates: leave it out'),
	startSsh: z.boolean(),
	startJupyter: z.boolean(),
	/** Ours, from REST v1: overrides the image's entry point. */
	entrypoint: z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX),
	/** Ours, from REST v1. */
	readme: z.string().max(DESCRIPTION_CHARS_MAX),
};

/** Body of `PATCH /v2/templates/{id}`. */
export const updateTemplateV2 = z.strictObject(settable).partial().meta({ id: 'UpdateTemplate' });
export type UpdateTemplateV2 = z.infer<typeof updateTemplateV2>;

/** Body of `POST /v2/templates`. */
export const createTemplateV2 = z.strictObject(settable).partial().required({ name: true, image: true }).meta({ id: 'CreateTemplate' });
export type CreateTemplateV2 = z.infer<typeof createTemplateV2>;

/** Answers of `/v2/templates`. */
const view = z.object({ id: z.string(), ...settable });
export const templateV2 = view.meta({ id: 'Template' });
export const templateListV2 = z.object({ templates: z.array(view) }).meta({ id: 'TemplateList' });

/** What a body names of a template. Throws `ShellWordsError` for `args`. */
export function templateChangeFromV2(body: UpdateTemplateV2): Partial<Template> {
	const mount = body.mounts?.persistent;
	const change = {
		image: body.image,
		entrypoint: body.entrypoint,
		command: body.args === undefined ? undefined : splitShellWords(body.args),
		env: body.env,
		diskGb: body.disk,
		ports: body.ports,
		registryId: body.registry,
		cudaVersions: body.allowedCudaVersions,
		isServerless: body.serverless,
		category: body.category,
		volumeGb: body.mounts === undefined ? undefined : (mount?.size ?? 0),
		volumeMountPath: mount?.path,
		startSsh: body.startSsh,
		startJupyter: body.startJupyter,
		readme: body.readme,
	};
	return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** The template of a create body. REST v2 names no default of ports and mounts: it has none. Throws `ShellWordsError`. */
export function templateFromV2(body: CreateTemplateV2): Template {
	return { ...TEMPLATE_DEFAULTS, ports: [], volumeGb: 0, ...templateChangeFromV2(body), image: body.image };
}

/** The template as REST v2 shows it; it can be sent back as an update that changes nothing. */
export function toTemplateV2(id: string, name: string, template: Template): Record<string, unknown> {
	return {
		id,
		name,
		image: template.image,
		args: joinShellWords(template.command),
		entrypoint: template.entrypoint,
		disk: template.diskGb,
		mounts: template.volumeGb === 0 ? {} : { persistent: { size: template.volumeGb, path: template.volumeMountPath } },
		ports: template.ports,
		env: template.env,
		registry: template.registryId,
		serverless: template.isServerless,
		public: false,
		category: template.category,
		startSsh: template.startSsh,
		startJupyter: template.startJupyter,
		allowedCudaVersions: template.cudaVersions,
		readme: template.readme,
	};
}
