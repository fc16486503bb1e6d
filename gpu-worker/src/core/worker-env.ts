/** The environment of a worker: RunPod's variables, the endpoint's own, and of the agent's nothing but what any program needs. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';
import { type HttpPorts, portsInside, portVariables } from './http-ports.ts';
import { openPortVariables } from './open-ports.ts';

/** Everything that the variables are made of. */
export interface WorkerEnvFacts {
	readonly workerId: string;
	readonly endpointId: string;
	readonly key: string;
	/** `http://host:port` of the bridge. */
	readonly bridgeUrl: string;
	readonly dataCenterId: string;
	readonly hostId: string;
	readonly gpuType: string;
	readonly gpus: readonly number[];
	readonly spec: EndpointSpec;
	/** Ports of a load-balanced worker; null or left out: it takes jobs. */
	readonly http?: HttpPorts | null;
	/** Where its exposed ports are reached; left out: it has none. */
	readonly openPorts?: readonly OpenPort[];
	/** The worker's own directory for temporary files; null: its place has one. */
	readonly tempDir: string | null;
	/** It runs on this machine as the agent sees it; in a container nothing of the agent's environment holds. */
	readonly isHost: boolean;
	/** Its ports are its own, and mapped to this host's; left out: it shares them with all. */
	readonly ownPorts?: boolean;
	/** UUIDs of `gpus` where they are real; empty: declared. */
	readonly gpuUuids: readonly string[];
	/** Id of its network volume and where the worker finds it; left out: none. */
	readonly volume?: { readonly id: string; readonly path: string };
	/** Its model: the directory in the hub's cache layout, as the worker sees it, its folder there and its commit; left out: none. */
	readonly model?: { readonly hubPath: string; readonly folder: string; readonly commit: string };
	readonly pingIntervalMs: number;
	/** The agent's environment. */
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
}

const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LANGUAGE', 'TZ', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
/** The bridge is on this machine: no proxy may stand between. */
const NEVER_PROXIED = '127.0.0.1,localhost';

/** The variables of one worker. An endpoint may set any but those of the protocol. */
export function workerEnv(facts: WorkerEnvFacts): Record<string, string> {
	const env: Record<string, string> = {};
	const inherits = facts.isHost ? facts.agentEnv : {};
	for (const [name, value] of Object.entries(inherits)) {
		if (value !== undefined && (PASSED_ON.includes(name) || name.startsWith('LC_'))) env[name] = value;
	}
	for (const name of ['NO_PROXY', 'no_proxy']) {
		const inherited = inherits[name];
		const direct = facts.isHost ? NEVER_PROXIED : `${NEVER_PROXIED},${new URL(facts.bridgeUrl).hostname}`;
		env[name] = inherited === undefined || inherited === '' ? direct : `${inherited},${direct}`;
	}
	const ports = facts.http === null || facts.http === undefined ? jobVariables(facts) : portVariables(facts.ownPorts === true ? portsInside(facts.spec.env) : facts.http);
	const { tempDir } = facts;
	const temp = tempDir === null ? {} : { TMPDIR: tempDir, TEMP: tempDir, TMP: tempDir };
	return Object.assign(
		env,
		temp,
		hubVariables(facts),
		facts.spec.env,
		identityVariables(facts),
		fileVariables(facts),
		gpuVariables(facts),
		openPortVariables(facts.openPorts ?? []),
		ports,
	);
}

/**
 * SDKs append `&…` without looking for a `?`, so every URL has a query string already. It carries the key too: RunPod's SDK sends the
 * one of `~/.runpod/config.toml` instead of ours where a developer has logged in.
 */
function jobVariables(facts: WorkerEnvFacts): Record<string, string> {
	const base = `${facts.bridgeUrl}/v2/${facts.endpointId}`;
	const query = `?gpu=${encodeURIComponent(facts.gpus.length === 0 ? 'CPU' : facts.gpuType).replaceAll('%20', '+')}&key=${facts.key}`;
	const stream = `${base}/job-stream/$RUNPOD_POD_ID/$ID${query}`;
	return {
		RUNPOD_WEBHOOK_GET_JOB: `${base}/job-take/$ID${query}`,
		RUNPOD_WEBHOOK_POST_OUTPUT: `${base}/job-done/$RUNPOD_POD_ID/$ID${query}`,
		RUNPOD_WEBHOOK_POST_STREAM: stream,
		RUNPOD_WEBHOOK_JOB_STREAM: stream,
		RUNPOD_WEBHOOK_PING: `${base}/ping/$RUNPOD_POD_ID${query}`,
		RUNPOD_PING_INTERVAL: String(facts.pingIntervalMs),
		RUNPOD_AI_API_KEY: facts.key,
	};
}

/** A container has the documented path, and what its image says of a cache holds. On the host itself only a variable can tell the hub's client. */
function hubVariables({ model, isHost }: WorkerEnvFacts): Record<string, string> {
	return model === undefined || !isHost ? {} : { HF_HUB_CACHE: model.hubPath, HUGGINGFACE_HUB_CACHE: model.hubPath };
}

/** Where the volume and the model lie. The paths are ours: RunPod has them at fixed places, which a process of this machine cannot have. */
function fileVariables({ volume, model }: WorkerEnvFacts): Record<string, string> {
	return {
		...(volume === undefined ? {} : { RUNPOD_VOLUME_ID: volume.id, RUNPOD_VOLUME_PATH: volume.path }),
		...(model === undefined ? {} : { RUNPOD_MODEL_PATH: `${model.hubPath}/${model.folder}/snapshots/${model.commit}` }),
	};
}

/** Which worker it is, of what, where, with which GPUs. */
function identityVariables(facts: WorkerEnvFacts): Record<string, string> {
	return {
		RUNPOD_AI_API_ID: facts.endpointId,
		RUNPOD_POD_ID: facts.workerId,
		RUNPOD_POD_HOSTNAME: facts.hostId,
		RUNPOD_ENDPOINT_ID: facts.endpointId,
		RUNPOD_DC_ID: facts.dataCenterId,
		RUNPOD_GPU_COUNT: String(facts.gpus.length),
		RUNPOD_GPU_SIZE: facts.gpus.length === 0 ? '' : facts.gpuType,
		// The GPUs are declared and the network is the operator's: checks against 8.8.8.8 or a CUDA device would end every worker.
		RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'true',
		RUNPOD_SKIP_GPU_CHECK: 'true',
	};
}

/** Real GPUs by UUID: indices change when one fails. A container sees only its own; `void` keeps a toolkit from adding the others for an image that says `all`. */
function gpuVariables({ gpus, gpuUuids, isHost }: WorkerEnvFacts): Record<string, string> {
	if (!isHost) return { NVIDIA_VISIBLE_DEVICES: 'void' };
	const devices = (gpuUuids.length === 0 ? gpus : gpuUuids).join(',');
	return { CUDA_VISIBLE_DEVICES: devices, NVIDIA_VISIBLE_DEVICES: devices === '' ? 'void' : devices };
}
