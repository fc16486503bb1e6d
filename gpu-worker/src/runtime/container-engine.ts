/** The container engine's door: opens it, tells Docker from Podman and what each can do, and puts its failures into words. */
import { cpus, totalmem } from 'node:os';
import type Docker from 'dockerode';
import type { GpuRoad } from '../core/container-spec.ts';
import { WorkerStartError } from './runtime.ts';

/** Podman asks the system's package manager for its own parts before it answers: seconds on a busy machine. */
const ASK_TIMEOUT_MS = 30_000;

/** What the agent needs to know of an engine. */
export interface EngineFacts {
	/** `Docker 28.1.1`, `Podman 4.3.1`. */
	readonly name: string;
	readonly isPodman: boolean;
	/** Root of a container is nobody on this machine. */
	readonly mapsUsers: boolean;
	readonly gpuRoad: GpuRoad | null;
	readonly memoryBytes: number;
	readonly cpus: number;
}

/** `unix:///path` or `http://host:port`. Loads dockerode, which a host without containers need not have. Throws `WorkerStartError`. */
export async function openEngine(address: string): Promise<Docker> {
	const loaded = await import('dockerode').catch((error: Error) => {
		throw new WorkerStartError(`containers need the package dockerode beside the agent (npm install --include=optional): ${error.message}`);
	});
	const Engine = loaded.default;
	if (address.startsWith('unix://')) return new Engine({ socketPath: address.slice('unix://'.length) });
	const url = new URL(address);
	return new Engine({ protocol: 'http', host: url.hostname, port: Number(url.port) });
}

/** Asks the engine what it is. Throws `WorkerStartError` when it does not answer. */
export async function engineFacts(engine: Docker, address: string): Promise<EngineFacts> {
	try {
		const [version, info] = await inTime(Promise.all([engine.version(), engine.info()]));
		const components = (version.Components ?? []) as { readonly Name: string }[];
		const isPodman = components.some(({ Name }) => Name.startsWith('Podman'));
		const security = (info.SecurityOptions ?? []) as string[];
		return {
			name: `${isPodman ? 'Podman' : 'Docker'} ${version.Version}`,
			isPodman,
			mapsUsers: security.some((option) => /name=(?:rootless|userns)/.test(option)),
			gpuRoad: roadOf(isPodman, info),
			memoryBytes: info.MemTotal ?? totalmem(),
			cpus: info.NCPU ?? cpus().length,
		};
	} catch (error) {
		throw new WorkerStartError(`the container engine at ${address} does not answer (${messageOf(error)}): is it running, and may the agent's user open its socket?`);
	}
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`no answer within ${ASK_TIMEOUT_MS} ms`)), ASK_TIMEOUT_MS);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

function roadOf(isPodman: boolean, info: Record<string, unknown>): GpuRoad | null {
	if (isPodman) return 'cdi-device';
	const specDirs = info['CDISpecDirs'];
	if (Array.isArray(specDirs) && specDirs.length > 0) return 'cdi-request';
	return Object.keys((info['Runtimes'] as object | undefined) ?? {}).includes('nvidia') ? 'nvidia-request' : null;
}

/** HTTP status of a refusal by the engine, or null when it did not answer. */
export function statusOf(error: unknown): number | null {
	return (error as { statusCode?: number }).statusCode ?? null;
}

/** The engine's own words in one short line. */
export function messageOf(error: unknown): string {
	const { json, reason, code, message } = error as { json?: { message?: string }; reason?: string; code?: string; message?: string };
	const text = json?.message ?? (message === undefined || message === '' ? (code ?? reason ?? String(error)) : message);
	return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}
