/** A template: the container settings from which endpoints are made. Field names are ours; `wire/rest-v1` and `wire/rest-v2` map RunPod's. */

/** What is kept of a template besides its id and name. */
export interface Template {
	readonly image: string;
	/** Overrides the image's entry point; empty: the image's own. */
	readonly entrypoint: readonly string[];
	/** Start command, split into words; empty: the image's own. */
	readonly command: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly diskGb: number;
	readonly ports: readonly string[];
	/** Credential for the image's registry; null: none is needed. */
	readonly registryId: string | null;
	/** Allowed CUDA versions; empty: any. */
	readonly cudaVersions: readonly string[];
	/** For serverless workers; endpoints are made from such templates only, except by REST v1. */
	readonly isServerless: boolean;
	readonly category: 'NVIDIA' | 'AMD' | 'CPU';
	/** Of pods, which we have none of: kept for the tools that set them. */
	readonly volumeGb: number;
	readonly volumeMountPath: string;
	readonly startSsh: boolean;
	readonly startJupyter: boolean;
	readonly readme: string;
}

/** RunPod's defaults (REST v1 and v2). */
export const TEMPLATE_DEFAULTS: Omit<Template, 'image'> = {
	entrypoint: [],
	command: [],
	env: {},
	diskGb: 50,
	ports: ['8888/http', '22/tcp'],
	registryId: null,
	cudaVersions: [],
	isServerless: false,
	category: 'NVIDIA',
	volumeGb: 20,
	volumeMountPath: '/workspace',
	startSsh: true,
	startJupyter: true,
	readme: '',
};
