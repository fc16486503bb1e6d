/** Settings of `npm start`: flags and environment, checked once; timers are passed on to the kinds of process that know them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, parseEnv } from '@longshore/shared-schema/config/parse';
import { edgeTimers, regionTimers } from '@longshore/shared-schema/config/settings';
import { DEFAULT_TOPOLOGY, type Topology, topology } from '@longshore/shared-schema/wire/topology';
import * as z from 'zod';

const examples = z.enum(['auto', 'embedding', 'text-stats', 'none']);
/** Which example endpoint is deployed. `auto`: the Python one where it can be installed, else the TypeScript one. */
export type ExampleChoice = z.infer<typeof examples>;

/** Settings of host agents about containers, models, volumes and frozen workers; each agent checks its own. */
const hostSettings = {
	LONGSHORE_FROZEN_MEMORY_MIB: z.string().optional(),
	LONGSHORE_FROZEN_GPU_MEMORY_MIB: z.string().optional(),
	LONGSHORE_CUDA_CHECKPOINT: z.string().optional(),
	LONGSHORE_CONTAINER_ENGINE: z.string().optional(),
	LONGSHORE_CONTAINER_NETWORK: z.string().optional(),
	LONGSHORE_CONTAINER_BRIDGE_HOST: z.string().optional(),
	LONGSHORE_CONTAINER_ROOT: z.string().optional(),
	LONGSHORE_VOLUME_PATH: z.string().optional(),
	LONGSHORE_MODEL_MIRROR: z.string().optional(),
	/** Each host has a directory of its own in it. */
	LONGSHORE_MODEL_DIR: z.string().optional(),
	LONGSHORE_MODEL_CACHE_GB: z.string().optional(),
	LONGSHORE_PUBLIC_IP: z.string().optional(),
	LONGSHORE_PUBLIC_PORTS: z.string().optional(),
};

const stackSettings = z.object({
	/** All state of the stack; two stacks need two homes. */
	LONGSHORE_HOME: z.string().default('.longshore'),
	/** JSON file, `shared-schema/src/wire/topology.ts`. */
	LONGSHORE_TOPOLOGY: z.string().optional(),
	LONGSHORE_EXAMPLE: examples.default('auto'),
	LONGSHORE_WEBHOOK_ALLOW_PRIVATE: z.enum(['0', '1']).default('0'),
	LONGSHORE_PUBLIC_HOSTS: z.string().optional(),
	LONGSHORE_ENDPOINT_DOMAIN: z.string().optional(),
	LONGSHORE_JOB_SHARDS: z.string().optional(),
	LONGSHORE_RATE_LIMITS: z.enum(['on', 'off']).optional(),
	...hostSettings,
	...regionTimers,
	...edgeTimers,
});

/** What the supervisor works with. */
export interface StackSettings {
	readonly port: number;
	readonly home: string;
	readonly topology: Topology;
	readonly example: ExampleChoice;
	readonly allowPrivateWebhooks: boolean;
	/** Run the Worker under `wrangler dev` with reload instead of bare workerd. */
	readonly dev: boolean;
	/** `LONGSHORE_*` variables that the user gave and that brokers and agents know. */
	readonly regionEnv: Readonly<Record<string, string>>;
	/** Those that only host agents know. */
	readonly hostEnv: Readonly<Record<string, string>>;
	/** The same for the edge. */
	readonly edgeEnv: Readonly<Record<string, string>>;
}

export const USAGE = `npm start -- [--port 8787] [--home .longshore] [--topology file.json] [--example auto|embedding|text-stats|none]
Each flag is also an environment variable: PORT, LONGSHORE_HOME, LONGSHORE_TOPOLOGY, LONGSHORE_EXAMPLE.
Timers and LONGSHORE_WEBHOOK_ALLOW_PRIVATE=1 are variables only: shared-schema/src/config/settings.ts.`;

/** Reads flags over environment. Throws `ConfigError` that names the setting and the fix. */
export function readStackSettings(args: readonly string[], processEnv: Readonly<Record<string, string | undefined>>): StackSettings {
	const flags = readFlags(args);
	const env: Record<string, string | undefined> = {
		...processEnv,
		...(flags.home === undefined ? {} : { LONGSHORE_HOME: flags.home }),
		...(flags.topology === undefined ? {} : { LONGSHORE_TOPOLOGY: flags.topology }),
		...(flags.example === undefined ? {} : { LONGSHORE_EXAMPLE: flags.example }),
	};
	const readFile = (path: string): string => readFileSync(path, 'utf8');
	const parsed = parseEnv(stackSettings, env, readFile);
	const given = (names: readonly string[]): Record<string, string> =>
		Object.fromEntries(names.filter((name) => env[name] || env[`${name}_FILE`]).map((name) => [name, String(parsed[name as keyof typeof parsed])]));
	return {
		port: readPort(flags.port ?? processEnv['PORT']),
		home: resolve(parsed.LONGSHORE_HOME),
		topology: readTopology(parsed.LONGSHORE_TOPOLOGY),
		example: parsed.LONGSHORE_EXAMPLE,
		allowPrivateWebhooks: parsed.LONGSHORE_WEBHOOK_ALLOW_PRIVATE === '1',
		dev: flags.dev,
		regionEnv: given(Object.keys(regionTimers)),
		hostEnv: given(Object.keys(hostSettings)),
		edgeEnv: given([
			...Object.keys(edgeTimers),
			'LONGSHORE_JOB_SHARDS',
			'LONGSHORE_RATE_LIMITS',
			'LONGSHORE_PUBLIC_HOSTS',
			'LONGSHORE_ENDPOINT_DOMAIN',
			'LONGSHORE_WEBHOOK_ALLOW_PRIVATE',
		]),
	};
}

function readFlags(args: readonly string[]): { port: string | undefined; home: string | undefined; topology: string | undefined; example: string | undefined; dev: boolean } {
	const text = { type: 'string' } as const;
	try {
		const { values } = parseArgs({ args: [...args], options: { port: text, home: text, topology: text, example: text, dev: { type: 'boolean', default: false } } });
		return { port: values.port, home: values.home, topology: values.topology, example: values.example, dev: values.dev };
	} catch (error) {
		throw new ConfigError(`${(error as Error).message}\n${USAGE}`);
	}
}

function readPort(text: string | undefined): number {
	if (text === undefined || text === '') return 8787;
	const port = Number(text);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ConfigError(`PORT: must be a whole number from 1 to 65535, not "${text}"`);
	return port;
}

function readTopology(file: string | undefined): Topology {
	if (file === undefined) return DEFAULT_TOPOLOGY;
	let value: unknown;
	try {
		value = JSON.parse(readFileSync(file, 'utf8'));
	} catch (error) {
		throw new ConfigError(`LONGSHORE_TOPOLOGY: ${file} could not be read: ${(error as Error).message}`);
	}
	const parsed = topology.safeParse(value);
	if (!parsed.success)
		throw new ConfigError(`LONGSHORE_TOPOLOGY: ${file}: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; ')}`);
	const hosts = Object.values(parsed.data.regions).flatMap((region) => Object.values(region.dataCenters).flatMap((center) => Object.keys(center.hosts)));
	const twice = hosts.find((host, index) => hosts.indexOf(host) !== index);
	if (twice !== undefined) throw new ConfigError(`LONGSHORE_TOPOLOGY: ${file}: host ${twice} is named twice; a host's name is its id everywhere`);
	return parsed.data;
}
