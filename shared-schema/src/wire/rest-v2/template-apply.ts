/** A template's container settings as part of a REST v2 endpoint body. */
import type { Template } from '../../account/template.ts';
import { joinShellWords } from '../../endpoint/shell-words.ts';
import type { UpdateEndpointV2 } from './endpoint-body.ts';

/** What a template says of an endpoint. */
export function settingsOfTemplate(template: Template): UpdateEndpointV2 {
	return {
		image: template.image,
		entrypoint: [...template.entrypoint],
		args: joinShellWords(template.command),
		env: { ...template.env },
		disk: template.diskGb,
		ports: [...template.ports],
		registry: template.registryId,
	};
}

/**
 * `body` with the template's settings where it names none; variables are merged one by one, the body's win. The template's CUDA versions
 * count on a GPU endpoint whose body says nothing of CUDA (RunPod).
 */
export function withTemplate<T extends UpdateEndpointV2>(body: T, template: Template): T {
	const { templateId: _, ...own } = body;
	const { entrypoint, ...settings } = settingsOfTemplate(template);
	const env = { ...settings.env, ...own.env };
	const seedsCuda = own.gpu !== undefined && own.gpu.allowedCudaVersions === undefined && own.gpu.minCudaVersion === undefined && template.cudaVersions.length > 0;
	const gpu = seedsCuda ? { gpu: { ...own.gpu, allowedCudaVersions: [...template.cudaVersions] } } : {};
	return { ...settings, ...(entrypoint === undefined || entrypoint.length === 0 ? {} : { entrypoint }), ...own, env, ...gpu } as T;
}
