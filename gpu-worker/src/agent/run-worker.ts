/** Hands a start to the runtime: what the worker is given on this host, and its variables. */
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';
import type { HttpPorts } from '../core/http-ports.ts';
import { workerEnv } from '../core/worker-env.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import type { RunningWorker, Runtime } from '../runtime/runtime.ts';
import type { StartOrder } from './fleet.ts';
import type { Host } from './host.ts';
import type { WorkerFiles } from './worker-files.ts';

/** Time between pings. The SDK counts in whole seconds and its ping process dies of 0; several must fit `LONGSHORE_KILL_GRACE_MS`, because they tell whether a job was stopped. */
const PING_INTERVAL_MS = 1_000;
/** What a start is given on this host. */
export interface Launch {
	readonly gpus: readonly number[];
	readonly key: string;
	readonly http: HttpPorts | null;
	readonly openPorts: readonly OpenPort[];
	readonly log: WorkerLog;
	readonly signal: AbortSignal;
}

export interface RunWorkerParts {
	readonly host: Host;
	readonly runtime: Runtime;
	readonly bridgeUrl: string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	/** Hears what the start waits for. */
	preparing(text: string): void;
}

/** Throws `WorkerStartError`. */
export function runWorker(parts: RunWorkerParts, { model, volume }: WorkerFiles, order: StartOrder, { gpus, key, http, openPorts, log, signal }: Launch): Promise<RunningWorker> {
	const { workerId, endpointId, spec, registryAuth } = order;
	const { runtime, bridgeUrl, agentEnv } = parts;
	const { id: hostId, dataCenterId, inventory } = parts.host;
	const gpuUuids = gpus.flatMap((index) => inventory.uuids?.[index] ?? []);
	const machine = { dataCenterId, hostId, gpuType: inventory.gpuType, gpus, gpuUuids, agentEnv };
	const facts = { workerId, endpointId, key, http, openPorts, spec, pingIntervalMs: PING_INTERVAL_MS, ...machine };
	return runtime.start({
		workerId,
		endpointId,
		spec,
		gpuUuids,
		...(registryAuth === undefined ? {} : { registryAuth }),
		...(volume === undefined ? {} : { volume }),
		...(model === undefined ? {} : { model }),
		env: ({ volumePath, hubPath, ...place }) =>
			workerEnv({
				...facts,
				...place,
				bridgeUrl: place.bridgeUrl ?? bridgeUrl,
				...(volume === undefined || volumePath === undefined ? {} : { volume: { id: volume.id, path: volumePath } }),
				...(model === undefined || hubPath === undefined ? {} : { model: { ...model, hubPath } }),
			}),
		http,
		openPorts,
		log,
		preparing: (text) => parts.preparing(text),
		signal,
	});
}
