/** The flags that describe an endpoint, and the REST v2 body that they make. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GPU_POOL_IDS } from '@longshore/shared-schema/catalog/pools';
import { suggestion } from '@longshore/shared-schema/config/parse';
import type { Command } from 'commander';
import type { EndpointView } from '../api/endpoints.ts';
import { choiceOption } from '../terminal/choice.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';
import { type ScalingFlags, scalingOf } from './scaling-spec.ts';

export interface SpecFlags extends ScalingFlags {
	readonly name?: string;
	readonly type?: string;
	readonly image?: string;
	readonly directory?: string;
	readonly args?: string;
	readonly template?: string;
	readonly pool?: readonly string[];
	readonly gpuCount?: string;
	readonly excludeGpu?: readonly string[];
	readonly cuda?: readonly string[];
	readonly cpu?: string | true;
	readonly env?: readonly string[];
	readonly envFile?: string;
	readonly min?: string;
	readonly max?: string;
	readonly idleTimeout?: string;
	readonly timeout?: string;
	readonly ttl?: string;
	readonly retries?: string;
	readonly dataCenter?: readonly string[];
	readonly fallbackOrder?: string;
	readonly volume?: readonly string[];
	readonly registry?: string;
	readonly model?: string;
	readonly flashboot?: boolean;
	readonly webhookProfile?: string;
	readonly fromFile?: string;
}

const list = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), ...value.split(',').map((one) => one.trim())];
const each = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

/** Adds the flags to a command. */
export function addSpecFlags(command: Command): Command {
	return command
		.optionsGroup('What runs:')
		.option('--image <image>', 'container image, or process:///directory')
		.option('--directory <path>', 'a local process in this directory')
		.option('--args <command>', 'start command, split as a shell would')
		.option('--template <template>', 'image, command and environment of a template')
		.option('--env <NAME=value>', 'environment variable of the workers (repeatable)', each)
		.option('--env-file <path>', 'environment variables, one NAME=value a line')
		.option('--registry <registry>', 'credential for the image (id or name)')
		.option('--volume <volumes>', 'network volumes (ids or names)', list)
		.option('--model <model>', 'Hugging Face model to keep on the hosts')
		.optionsGroup('Where:')
		.option('--pool <pools>', 'GPU pools, the best first: ADA_24,AMPERE_80', list)
		.option('--gpu-count <n>', 'GPUs per worker')
		.option('--exclude-gpu <type>', 'GPU type of the pools not to use (repeatable)', each)
		.option('--cuda <versions>', 'allowed CUDA versions: 12.8,12.9', list)
		.option('--cpu [flavour]', 'no GPU; a flavour and its vCPUs: cpu3c:2')
		.option('--data-center <ids>', 'allowed data centres: EU-RO-1,US-TX-3', list)
		.addOption(choiceOption('--fallback-order <order>', 'what to keep when it is full', ['tier', 'region']))
		.optionsGroup('Scaling:')
		.option('--min <n>', 'workers that are always warm')
		.option('--max <n>', 'workers at most')
		.option('--idle-timeout <duration>', 'a worker without work stops after this')
		.option('--queue-delay <duration>', 'add workers when a job waits longer than this')
		.option('--request-count <n>', 'or: one worker for every n requests')
		.option('--anticipate [patience]', 'instead of the delay: by what is usual of its starts and jobs (0 to 1, default 1)')
		.option('--no-anticipate', 'by the queue delay again')
		.option('--spare-workers <n>', 'with --anticipate: so many more than its jobs need')
		.option('--flashboot', 'keep stopped workers frozen for a fast start')
		.option('--no-flashboot', 'stop workers entirely')
		.optionsGroup('Jobs:')
		.option('--timeout <duration>', 'execution timeout of a job')
		.option('--ttl <duration>', 'a job ends this long after its submission')
		.option('--retries <n>', 'new attempts after a lost worker')
		.addOption(choiceOption('--webhook-profile <profile>', 'how webhooks are delivered', ['runpod', 'durable']))
		.optionsGroup('Options:')
		.option('--from-file <path>', 'a REST v2 body as JSON; flags change it');
}

/** The body of a create or update. `current`: what an update starts from, for members that are replaced as a whole. */
export function bodyFromFlags(flags: SpecFlags, current?: EndpointView): Record<string, unknown> {
	const body: Record<string, unknown> = flags.fromFile === undefined ? {} : readBody(flags.fromFile);
	const set = (name: string, value: unknown): void => {
		if (value !== undefined) body[name] = value;
	};
	set('name', flags.name);
	set('type', flags.type);
	if (flags.image !== undefined && flags.directory !== undefined)
		throw new UsageError('--image and --directory cannot be given together: --directory is short for --image process://…');
	set('image', flags.directory === undefined ? flags.image : `process://${resolve(flags.directory)}`);
	set('args', flags.args);
	set('env', envOf(flags, current));
	set('gpu', gpuOf(flags, current));
	if (flags.cpu !== undefined) set('cpu', [cpuOf(flags.cpu)]);
	set('workers', workersOf(flags));
	set('scaling', scalingOf(flags, current));
	set('timeout', duration(flags.timeout, '--timeout'));
	set('ttl', duration(flags.ttl, '--ttl'));
	set('retries', integer(flags.retries, '--retries'));
	set('dataCenterIds', flags.dataCenter);
	set('fallbackOrder', flags.fallbackOrder);
	set('model', flags.model);
	set('flashboot', flags.flashboot === undefined ? undefined : flags.flashboot ? 'FLASHBOOT' : 'OFF');
	set('webhook', flags.webhookProfile === undefined ? undefined : { profile: flags.webhookProfile });
	return body;
}

/** Pool names as people type them; throws `UsageError` with the nearest known one. */
export function poolsOf(names: readonly string[]): string[] {
	return names.map((name) => {
		const pool = name.toUpperCase().replaceAll('-', '_');
		if ((GPU_POOL_IDS as readonly string[]).includes(pool)) return pool;
		throw new UsageError(`--pool: no GPU pool is called "${name}"${suggestion(pool, GPU_POOL_IDS)}`, 'See all of them: longshore catalog gpus');
	});
}

function gpuOf(flags: SpecFlags, current: EndpointView | undefined): unknown {
	const { pool, gpuCount, excludeGpu, cuda } = flags;
	if (pool === undefined && gpuCount === undefined && excludeGpu === undefined && cuda === undefined) return undefined;
	if (flags.cpu !== undefined) throw new UsageError('--cpu and GPU flags cannot be given together: an endpoint has one or the other');
	return {
		...(current?.gpu ?? {}),
		...(pool === undefined ? {} : { pools: poolsOf(pool) }),
		...(gpuCount === undefined ? {} : { count: integer(gpuCount, '--gpu-count') }),
		...(excludeGpu === undefined ? {} : { excludedTypes: excludeGpu }),
		...(cuda === undefined ? {} : { allowedCudaVersions: cuda }),
	};
}

/** `cpu3c`, `cpu5g:8`; nothing said: the smallest. */
function cpuOf(flavour: string | true): unknown {
	const [id = '', vcpus] = flavour === true ? ['cpu3c'] : flavour.split(':');
	return { id, ...(vcpus === undefined ? {} : { vcpuCount: integer(vcpus, '--cpu') }) };
}

function workersOf(flags: SpecFlags): unknown {
	const idleMs = duration(flags.idleTimeout, '--idle-timeout');
	const workers = {
		...(flags.min === undefined ? {} : { min: integer(flags.min, '--min') }),
		...(flags.max === undefined ? {} : { max: integer(flags.max, '--max') }),
		...(idleMs === undefined ? {} : { idleTimeout: idleMs / 1_000 }),
	};
	return Object.keys(workers).length === 0 ? undefined : workers;
}

/** Variables of the flags over those that an update finds. */
function envOf(flags: SpecFlags, current: EndpointView | undefined): Record<string, string> | undefined {
	if (flags.env === undefined && flags.envFile === undefined) return undefined;
	const lines = flags.envFile === undefined ? [] : readText(flags.envFile).split(/\r?\n/);
	const given = [...lines.filter((line) => line.trim() !== '' && !line.trim().startsWith('#')), ...(flags.env ?? [])];
	const env: Record<string, string> = { ...(current?.['env'] as Record<string, string> | undefined) };
	for (const one of given) {
		const at = one.indexOf('=');
		if (at < 1) throw new UsageError(`an environment variable is written NAME=value, not "${one}"`);
		env[one.slice(0, at).trim()] = one.slice(at + 1);
	}
	return env;
}

export function integer(text: string | undefined, flag: string): number | undefined {
	if (text === undefined) return undefined;
	if (/^\d{1,9}$/.test(text)) return Number(text);
	throw new UsageError(`${flag} must be a whole number from 0, not "${text}"`);
}

function duration(text: string | undefined, flag: string): number | undefined {
	return text === undefined ? undefined : parseDurationMs(text, flag);
}

/** A JSON object from a file. Throws `UsageError`. */
export function readBody(path: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(readText(path));
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
	} catch (error) {
		if (error instanceof UsageError) throw error;
		throw new UsageError(`${path} is not valid JSON: ${(error as Error).message}`);
	}
	throw new UsageError(`${path} must hold a JSON object`);
}

function readText(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message}`);
	}
}
