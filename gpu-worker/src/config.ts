/** Settings of a host agent. */
import { regionTimers } from '@longshore/shared-schema/config/settings';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import { topologyHost } from '@longshore/shared-schema/wire/topology';
import * as z from 'zod';
import { problemOfTemplate } from './core/volume-path.ts';

const id = z.string().regex(ID_PATTERN, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ -' });

/** `host:port`; port 0 asks the system for one. */
const listen = z
	.string()
	.regex(/^[^\s]+:\d{1,5}$/, { error: 'must be host:port, for example 127.0.0.1:0' })
	.transform((text) => {
		const colon = text.lastIndexOf(':');
		return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
	});

const portRange = z
	.string()
	.regex(/^\d{1,5}-\d{1,5}$/, { error: 'must be two ports, for example 20000-20999' })
	.transform((text, context) => {
		const [from = 0, to = 0] = text.split('-').map(Number);
		if (from >= 1 && from <= to && to <= 65_535) return { from, to };
		context.addIssue({ code: 'custom', message: 'must be two ports from 1 to 65535, the lower one first, for example 20000-20999' });
		return z.NEVER;
	});

const declaredGpus = z.string().transform((text, context) => {
	try {
		return topologyHost.parse(JSON.parse(text));
	} catch (error) {
		context.addIssue({ code: 'custom', message: `must be JSON like {"gpuType":"NVIDIA L40S","count":4}: ${(error as Error).message}` });
		return z.NEVER;
	}
});

/** Without TLS an engine may only be on this machine: whoever reaches it is root there. */
const containerEngine = z.string().refine((text) => /^unix:\/\/\/.+/.test(text) || /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/.test(text), {
	error: 'must be a socket of this machine such as unix:///var/run/docker.sock or unix:///run/podman/podman.sock',
});

const mebibytes = z.coerce.number().int().min(0).max(100_000_000);

/** All variables of the process (`ARCHITECTURE.md`). */
export const agentSettings = z.object({
	LONGSHORE_HOST_ID: id,
	LONGSHORE_DATA_CENTER_ID: id,
	LONGSHORE_NATS_URL: z.string().min(1),
	LONGSHORE_BROKER_URL: z.url().transform((url) => url.replace(/\/+$/, '')),
	/** From `longshore host enrol`; needed until the host has its credential, which it keeps in its state directory. */
	LONGSHORE_ENROL_TOKEN: z.string().optional(),
	LONGSHORE_STATE_DIR: z.string().regex(/^\//, { error: 'must be an absolute path' }),
	LONGSHORE_BRIDGE_LISTEN: listen.prefault('127.0.0.1:0'),
	/** Where brokers open tunnels to load-balanced workers: an address of this host in the region's own network. */
	LONGSHORE_TUNNEL_LISTEN: listen.prefault('127.0.0.1:0'),
	/** `host` or `host:port` under which brokers reach it, where that is not the address it listens on. */
	LONGSHORE_TUNNEL_ADDRESS: z
		.string()
		.regex(/^\S{1,250}$/, { error: 'must be a host name or address, or host:port' })
		.optional(),
	LONGSHORE_DECLARED_GPUS: declaredGpus.optional(),
	LONGSHORE_CONTAINER_ENGINE: containerEngine.optional(),
	LONGSHORE_CONTAINER_NETWORK: z
		.string()
		.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, { error: 'must be the name of a network of the engine, or host' })
		.refine((name) => name !== 'none' && name !== 'default', { error: 'must be a network from which workers reach the agent' })
		.default('longshore'),
	LONGSHORE_CONTAINER_BRIDGE_HOST: z
		.string()
		.regex(/^[A-Za-z0-9.:_-]{1,253}$/, { error: 'must be a host name or address without port' })
		.optional(),
	LONGSHORE_CONTAINER_ROOT: z.enum(['by-disk', 'read-only', 'writable']).default('by-disk'),
	/** Under which clients reach the exposed ports of workers; a loopback address: only this machine does. */
	LONGSHORE_PUBLIC_IP: z
		.string()
		.regex(/^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$/, { error: 'must be an IP address or host name without port' })
		.default('127.0.0.1'),
	/** Ports of this host for them; left out: any that is free. */
	LONGSHORE_PUBLIC_PORTS: portRange.optional(),
	LONGSHORE_VOLUME_PATH: z
		.string()
		.superRefine((template, context) => {
			const problem = problemOfTemplate(template);
			if (problem !== null) context.addIssue({ code: 'custom', message: problem });
		})
		.optional(),
	/** Where models come from; `none`: this host keeps none, workers get their own. */
	LONGSHORE_MODEL_MIRROR: z
		.string()
		.refine((text) => text === 'none' || text.startsWith('file:///') || (/^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text)), {
			error: 'must be the address of a Hugging Face hub or mirror such as https://huggingface.co, a directory such as file:///srv/models, or none',
		})
		.default('https://huggingface.co'),
	/** Where they are kept; left out: in the state directory. No two agents may share one. */
	LONGSHORE_MODEL_DIR: z.string().regex(/^\//, { error: 'must be an absolute path' }).optional(),
	/** What they may take together. GB. */
	LONGSHORE_MODEL_CACHE_GB: z.coerce.number().positive().max(1_000_000).default(200),
	/** FlashBoot: memory of this host that frozen workers may keep, in MiB; 0: none is kept. Left out: a quarter of what the host has. */
	LONGSHORE_FROZEN_MEMORY_MIB: mebibytes.optional(),
	/** Memory of its GPUs that they may keep where it cannot be moved out; left out: all, until somebody else needs the GPU. */
	LONGSHORE_FROZEN_GPU_MEMORY_MIB: mebibytes.optional(),
	/** Name or path of NVIDIA's `cuda-checkpoint`, which moves GPU memory out; `off`: not to be used. */
	LONGSHORE_CUDA_CHECKPOINT: z.string().min(1).max(1_000).default('cuda-checkpoint'),
	LONGSHORE_ALLOW_PROCESS_WORKERS: z.enum(['0', '1']).default('0'),
	...regionTimers,
});
export type AgentSettings = z.output<typeof agentSettings>;
