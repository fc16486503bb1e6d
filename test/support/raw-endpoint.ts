/** An endpoint served by `workers/raw-worker.ts`, and the trace of what its workers did. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DeploySpec, shellCommand } from './deploy.ts';
import type { JobApi } from './job-api.ts';
import type { Stack } from './start-stack.ts';

/** One thing that a worker did. */
export interface TraceLine {
	readonly event: 'boot' | 'take' | 'start' | 'done' | 'stop' | 'stopped' | 'sigterm';
	readonly job: string;
	readonly at: number;
	readonly pid: number;
	readonly worker: string;
	/** Of a boot. */
	readonly dataCenter?: string;
	readonly status?: number;
	readonly heldMs?: number;
}

export interface RawEndpoint {
	readonly id: string;
	readonly api: JobApi;
	/** What all workers of the endpoint did, in order. */
	trace(): TraceLine[];
	/** How often the job was started on a worker. */
	starts(jobId: string): TraceLine[];
}

const WORKERS_DIR = resolve(import.meta.dirname, 'workers');

/** Deploys the raw worker; resolves at once, workers may still be starting. */
export async function deployRaw(stack: Stack, spec: Partial<DeploySpec> & { readonly concurrency?: number } = {}): Promise<RawEndpoint> {
	const { concurrency, ...rest } = spec;
	const traceFile = join(stack.home, `trace-${crypto.randomUUID()}.jsonl`);
	const id = await stack.deploy({
		directory: WORKERS_DIR,
		command: shellCommand(process.execPath, 'raw-worker.ts'),
		...rest,
		env: { TRACE_FILE: traceFile, CONCURRENCY: String(concurrency ?? 1), ...rest.env },
	});
	const trace = (): TraceLine[] => readTrace(traceFile);
	return { id, api: stack.api(id), trace, starts: (jobId) => trace().filter((line) => line.event === 'start' && line.job === jobId) };
}

/** A line still being written is left for the next reading. */
function readTrace(file: string): TraceLine[] {
	if (!existsSync(file)) return [];
	const text = readFileSync(file, 'utf8');
	const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
	return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TraceLine);
}
