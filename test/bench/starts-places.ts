/** The places in which starts are measured: processes of this machine, and containers where there is an engine. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { missingEngine, startEngine, type TestEngine } from '../gpu-worker/support/container-engine.ts';
import { type DeploySpec, shellCommand } from '../support/deploy.ts';
import { operatorHosts, operatorWorkers } from '../support/operator-api.ts';
import type { Stack } from '../support/start-stack.ts';
import { monotonicMs } from './clock.ts';
import type { StartsPlace } from './measure/starts.ts';
import { createTarget, type Target } from './subject.ts';

const SDK = resolve(import.meta.dirname, '../../gpu-worker/src/sdk');
const WORKER = resolve(import.meta.dirname, 'worker');

/** The engine for the containers, and the settings of a stack that uses it; null, with the reason said, when this machine has none. */
export async function openBenchEngine(say: (text: string) => void): Promise<{ readonly engine: TestEngine; readonly env: Readonly<Record<string, string>> } | null> {
	const missing = missingEngine();
	if (missing !== null) {
		say(`NOT MEASURED: starts of containers: ${missing}`);
		return null;
	}
	const engine = await startEngine();
	return { engine, env: { LONGSHORE_CONTAINER_ENGINE: engine.address, LONGSHORE_CONTAINER_NETWORK: 'longshore-bench' } };
}

/** Processes of this machine. */
export function processStarts(stack: Stack): StartsPlace {
	return startsOn(stack, 'process', { directory: WORKER, command: shellCommand(process.execPath, 'echo.ts') });
}

/** Containers of an image with Node and the same worker. */
export async function containerStarts(stack: Stack, engine: TestEngine): Promise<StartsPlace> {
	const source = (file: string): string => readFileSync(file, 'utf8');
	const image = await engine.image('bench', [process.execPath], {
		files: {
			'/app/package.json': '{"type":"module"}',
			'/app/echo.ts': source(resolve(WORKER, 'echo.ts')).replace('@longshore/gpu-worker/sdk', './sdk/start.ts'),
			'/app/sdk/start.ts': source(resolve(SDK, 'start.ts')),
			'/app/sdk/platform.ts': source(resolve(SDK, 'platform.ts')),
		},
	});
	const { api } = engine;
	const container = await api.createContainer({ Image: image, Cmd: ['/bin/node', '-e', 'setInterval(() => {}, 1000)'] });
	await container.start();
	return {
		...startsOn(stack, 'container', { directory: '', image, command: '/bin/node /app/echo.ts' }),
		async unpauseMs() {
			await container.pause();
			const beganMs = monotonicMs();
			await container.unpause();
			return monotonicMs() - beganMs;
		},
		close: () => container.remove({ force: true }),
	};
}

function startsOn(stack: Stack, name: string, worker: Pick<DeploySpec, 'directory' | 'command' | 'image'>): StartsPlace {
	const idOf = (target: Target): string => target.api.base.split('/').at(-1) ?? '';
	return {
		name,
		async deploy(flashboot) {
			const rest = { workersMin: 0, workersMax: 1, idleTimeoutS: 1, env: { CONCURRENCY: '1' } };
			const id = await stack.deploy({ name: `bench-starts-${name}-${flashboot}`, ...worker, ...rest, flashboot });
			return createTarget(stack.url, id, stack.apiKey, 1);
		},
		async census(target) {
			const id = idOf(target);
			const [hosts, workers] = await Promise.all([operatorHosts(stack), operatorWorkers(stack)]);
			return {
				frozen: hosts.flatMap(({ frozen }) => frozen).filter(({ endpointId }) => endpointId === id).length,
				up: workers.filter(({ endpointId }) => endpointId === id).length,
			};
		},
		async lastThawMs(target) {
			const { start } = (await operatorWorkers(stack)).find(({ endpointId }) => endpointId === idOf(target)) ?? {};
			return start?.kind === 'frozen' ? start.readyMs : null;
		},
	};
}
