/** The endpoint that a new stack shows off: sentence embeddings on RunPod's Python SDK, or text statistics on our own SDK where Python is missing. */
import { join, resolve } from 'node:path';
import { poolOfGpuType } from '@longshore/shared-schema/catalog/gpus';
import type { Topology } from '@longshore/shared-schema/wire/topology';
import { installEmbedding } from './example-python.ts';
import type { ExampleChoice } from './settings.ts';

/** An endpoint to deploy and a job to try on it. */
export interface Example {
	readonly name: 'embedding' | 'text-stats';
	/** One line for people. */
	readonly description: string;
	/** Body of RunPod's REST v2 `POST /v2/serverless`. */
	readonly definition: Readonly<Record<string, unknown>>;
	/** `input` of the first job. */
	readonly input: unknown;
}

const examples = resolve(import.meta.dirname, '../../examples');
const TEXT = 'Longshore workers move containers along the shore.';

/** Installs what the chosen example needs and describes it; undefined for `none`. Says in one line why the Python one is not taken. */
export async function prepareExample(choice: ExampleChoice, topology: Topology, say: (line: string) => void): Promise<Example | undefined> {
	if (choice === 'none') return undefined;
	if (choice === 'text-stats') return textStats(topology);
	const python = await installEmbedding(join(examples, 'embedding'), say);
	if (!(python instanceof Error)) return embedding(topology, python);
	if (choice === 'embedding') throw new Error(`LONGSHORE_EXAMPLE=embedding: ${python.message}`);
	say(`The Python example is left out (${python.message}); deploying the TypeScript one instead`);
	return textStats(topology);
}

function embedding(topology: Topology, python: { readonly command: string; readonly env: Readonly<Record<string, string>> }): Example {
	return {
		name: 'embedding',
		description: "all-MiniLM-L6-v2 on the CPU, a handler for RunPod's Python SDK",
		definition: definition(
			'embedding',
			join(examples, 'embedding'),
			`${shellWord(python.command)} -u handler.py`,
			{ ...python.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
			topology,
		),
		input: { text: TEXT },
	};
}

function textStats(topology: Topology): Example {
	return {
		name: 'text-stats',
		description: 'keywords and readability of a text, a TypeScript handler',
		definition: definition('text-stats', join(examples, 'text-stats'), `${shellWord(process.execPath)} handler.ts`, {}, topology),
		input: { text: TEXT },
	};
}

function definition(name: string, directory: string, args: string, env: Readonly<Record<string, string>>, topology: Topology): Readonly<Record<string, unknown>> {
	return {
		name,
		type: 'QUEUE',
		image: `process://${directory}`,
		args,
		env,
		gpu: { pools: poolsOf(topology), count: 1 },
		workers: { min: 0, max: 3, idleTimeout: 60 },
		scaling: { type: 'QUEUE_DELAY', queueDelay: 4 },
	};
}

/** The pools that the topology has, in the order of its hosts; GPU types outside the catalogue belong to none. */
function poolsOf(topology: Topology): string[] {
	const types = Object.values(topology.regions).flatMap((region) => Object.values(region.dataCenters).flatMap((center) => Object.values(center.hosts).map((host) => host.gpuType)));
	const pools = types.flatMap((type) => poolOfGpuType(type)?.id ?? []);
	return [...new Set(pools)];
}

/** One word for a splitter that reads as a shell does. */
function shellWord(word: string): string {
	return /^[A-Za-z0-9_./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
