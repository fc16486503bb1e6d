/** The two ways in which a worker runs, behind one face: contract tests run their cases in both and tell where one cannot be had. */
import { basename, dirname } from 'node:path';
import { missingEngine, startEngine } from '../gpu-worker/support/container-engine.ts';
import { type DeploySpec, shellCommand } from './deploy.ts';
import { pythonImage, WORKER_DIRECTORY } from './python-image.ts';
import type { Stack } from './start-stack.ts';

export type WorkerKind = 'process' | 'container';
export const WORKER_KINDS: readonly WorkerKind[] = ['process', 'container'];

const missing = missingEngine();

/** Why workers of this kind cannot be run on this machine; null: they can. Says so once, loudly, for `what`. */
export function missingKind(kind: WorkerKind, what: string): string | null {
	if (kind === 'process' || missing === null) return null;
	process.stderr.write(`NOT RUN: ${what} as containers: ${missing}\n`);
	return missing;
}

/** The title of a group of cases, with the reason where they are not run. */
export function kindTitle(kind: WorkerKind, reason: string | null): string {
	return reason === null ? `as a ${kind}` : `as a ${kind} (not run: ${reason})`;
}

/** Python handlers on one machine, for either kind. */
export interface PythonWorkers {
	/** Settings of the stack that runs them. */
	readonly settings: Readonly<Record<string, string>>;
	/** What to deploy for `handler` (a path of this machine) on `python`. */
	spec(kind: WorkerKind, python: string, handler: string): Pick<DeploySpec, 'directory' | 'image' | 'command'>;
	stop(): Promise<void>;
}

/** Builds one image of all `pythons` and `handlers` where there is an engine. */
export async function preparePythonWorkers(pythons: readonly string[], handlers: readonly string[]): Promise<PythonWorkers> {
	const engine = missing === null ? await startEngine() : null;
	const image = engine === null ? '' : await engine.image('python-workers', ['sh', 'sleep', 'env', 'cat'], pythonImage(pythons, handlers));
	return {
		settings: engine?.settings ?? {},
		spec: (kind, python, handler) => ({
			...(kind === 'container' ? { image } : { directory: dirname(handler) }),
			command: shellCommand(python, '-u', kind === 'container' ? `${WORKER_DIRECTORY}/${basename(handler)}` : basename(handler)),
		}),
		stop: async () => engine?.stop(),
	};
}

/** Everything that an endpoint's workers have printed, and what their hosts said of them, oldest first. */
export async function readLog(stack: Pick<Stack, 'url' | 'apiKey'>, endpointId: string): Promise<string> {
	const response = await fetch(`${stack.url}/v2/serverless/${endpointId}/logs?tail=5000`, {
		headers: { authorization: `Bearer ${stack.apiKey}`, accept: 'application/json' },
		signal: AbortSignal.timeout(30_000),
	});
	const text = await response.text();
	if (response.status !== 200) throw new Error(`the log of ${endpointId} answered ${response.status}: ${text}`);
	return (JSON.parse(text) as { lines: { line: string }[] }).lines.map(({ line }) => line).join('\n');
}
