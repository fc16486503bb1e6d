/** Runs workers as containers over the Docker Engine API, which Docker and Podman serve, hardened as `core/container-spec.ts` says. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { problemsOfBody, problemsOfImageEnv, problemsOfSpec } from '../core/container-policy.ts';
import { mayWriteRoot, type RootPolicy, tellsReadOnlyRoot } from '../core/container-root.ts';
import { type ContainerOrder, containerSpec, diskGbOf, HUB_TARGET, LABELS, type Mount, VOLUME_TARGET } from '../core/container-spec.ts';
import { portsInside } from '../core/http-ports.ts';
import { parseImageRef } from '../core/image-ref.ts';
import { bindAddressOf } from '../core/open-ports.ts';
import { workerShare } from '../core/worker-share.ts';
import type { Log } from '../log.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import { type EngineFacts, engineFacts, messageOf, openEngine, statusOf } from './container-engine.ts';
import { ensureNetwork } from './container-network.ts';
import { removeContainer, runContainer } from './container-run.ts';
import { createImageStore, type ImageStore } from './image-pull.ts';
import { type RunningWorker, type Runtime, type WorkerPlace, type WorkerStart, WorkerStartError } from './runtime.ts';

const DISK_LOOK_MS = 15_000;

export interface ContainerRuntimeOptions {
	/** `unix:///path` or `http://host:port`. */
	readonly engine: string;
	/** The agent's host, for labels. */
	readonly hostId: string;
	readonly stateDir: string;
	/** GPUs of this host, among which its memory and processors are shared out. */
	readonly gpus: number;
	/** A network of the engine, made where it is missing, or `host`. */
	readonly network: string;
	/** Address of this host as containers see it; null: the network's gateway. */
	readonly bridgeHost: string | null;
	readonly root: RootPolicy;
	/** How often the size of a writable root is looked at that the engine cannot bound; left out: as in production. */
	readonly diskLookMs?: number;
	readonly log: Log;
	/** Makes the bridge listen at that address of this host too. */
	listenAt(host: string): Promise<void>;
	/** Base URL of the bridge at an address. */
	bridgeUrlAt(host: string): string;
}

/** What the engine turned out not to be able to do; asked again after a restart of the agent. */
interface Shortfalls {
	diskQuota: boolean;
	init: boolean;
}

/** Nothing is asked of the engine before `cleanUp`. */
export function createContainerRuntime(options: ContainerRuntimeOptions): Runtime {
	return new ContainerRuntime(options);
}

class ContainerRuntime implements Runtime {
	readonly #options: ContainerRuntimeOptions;
	readonly #agentId: string;
	readonly #able: Shortfalls = { diskQuota: true, init: true };
	#opened: { readonly engine: Docker; readonly images: ImageStore } | null = null;
	#facts: EngineFacts | null = null;
	/** Images whose workers have failed to write to their root here. */
	readonly #writingImages = new Set<string>();
	/** What an earlier agent left could not be removed yet. */
	#dirty = true;

	constructor(options: ContainerRuntimeOptions) {
		this.#options = options;
		this.#agentId = `${options.hostId}-${createHash('sha256').update(realpathSync(options.stateDir)).digest('hex').slice(0, 16)}`;
	}

	/** An engine that is down must not keep the host from running processes: it is asked again at the first container. */
	async cleanUp(): Promise<void> {
		try {
			await this.#ready();
		} catch (error) {
			this.#options.log.error('containers cannot run yet', { error: (error as Error).message });
		}
	}

	async start(start: WorkerStart): Promise<RunningWorker> {
		const { spec, log: workerLog } = start;
		const ref = parseImageRef(spec.image);
		refuse(problemsOfSpec(spec));
		if (ref === null) throw new WorkerStartError(`image ${spec.image} is not a container image's reference`);
		const { engine, images, facts } = await this.#ready();
		if (start.gpuUuids.length > 0 && facts.gpuRoad === null)
			throw new WorkerStartError(`${facts.name} cannot hand over GPUs: install the NVIDIA container toolkit and generate its CDI specification`);
		const imageEnv = await images.ensure(ref, start.registryAuth, { note: (text) => workerLog.note(text), preparing: (text) => start.preparing(text) }, start.signal);
		start.preparing('starting the container');
		refuse(problemsOfImageEnv(imageEnv, start.gpuUuids.length));
		const place = await this.#bridgePlace(engine);
		const order: ContainerOrder = {
			workerId: start.workerId,
			endpointId: start.endpointId,
			agentId: this.#agentId,
			spec,
			env: start.env({ tempDir: null, bridgeUrl: place.url, isHost: false, ownPorts: this.#options.network !== 'host', ...placesOf(start) }),
			ports: this.#ports(start),
			share: workerShare(spec, { memoryBytes: facts.memoryBytes, cpus: facts.cpus, gpus: this.#options.gpus }),
			network: this.#options.network,
			writableRoot: mayWriteRoot(this.#options.root, spec.diskGb, this.#writingImages.has(spec.image)),
			...this.#able,
			// Podman takes the size and does not hold it.
			diskQuota: this.#able.diskQuota && !facts.isPodman,
			gpuUuids: start.gpuUuids,
			gpuRoad: facts.gpuRoad,
			mounts: mountsOf(start),
		};
		const running = await this.#launch(engine, order, start);
		try {
			await place.listen?.();
			return running;
		} catch (error) {
			running.kill();
			await running.exited;
			throw new WorkerStartError(
				`the agent cannot be reached from network ${order.network}: ${(error as Error).message}; LONGSHORE_CONTAINER_BRIDGE_HOST may name another address of this host`,
			);
		}
	}

	async #launch(engine: Docker, order: ContainerOrder, start: WorkerStart): Promise<RunningWorker> {
		const { log } = this.#options;
		const container = await this.#create(engine, order, start);
		try {
			if (start.signal.aborted) throw new WorkerStartError('it is not wanted any more');
			const program = order.init ? ([...(order.spec.entrypoint ?? []), ...order.spec.command][0] ?? null) : null;
			const disk = order.writableRoot && !order.diskQuota ? { diskGb: diskGbOf(order.spec), everyMs: this.#options.diskLookMs ?? DISK_LOOK_MS } : null;
			return await runContainer(engine, container, { workerLog: start.log, disk, program, written: (text) => this.#written(text, order, start.log) }, log);
		} catch (error) {
			await removeContainer(container, log);
			if (error instanceof WorkerStartError) throw error;
			const said = messageOf(error);
			if (order.init && /\binit\b|catatonit|tini/i.test(said) && /no such file|not found|stat /i.test(said)) return this.#without('init', engine, order, start, said);
			throw new WorkerStartError(`the container cannot start: ${said}`);
		}
	}

	/** Most images of RunPod's users write beside their code: one that has tried gets a disk of its own the next time. */
	#written(text: string, { writableRoot, spec }: ContainerOrder, workerLog: WorkerLog): void {
		if (this.#options.root !== 'by-disk' || writableRoot || this.#writingImages.has(spec.image) || !tellsReadOnlyRoot(text)) return;
		this.#writingImages.add(spec.image);
		workerLog.note('it tried to write to its root, which is read-only for an endpoint without a container disk: its next workers on this host may. Give the endpoint a disk');
	}

	async #create(engine: Docker, order: ContainerOrder, start: WorkerStart): Promise<Docker.Container> {
		const body = containerSpec(order);
		refuse(problemsOfBody({ ...body }, { mounts: order.mounts, network: order.network, ports: order.ports }));
		try {
			return await engine.createContainer(body as Docker.ContainerCreateOptions);
		} catch (error) {
			const said = messageOf(error);
			const lacking = order.diskQuota && order.writableRoot && /storage-?opt|quota|xfs/i.test(said) ? 'diskQuota' : order.init && /\binit\b|catatonit/i.test(said) ? 'init' : null;
			if (lacking !== null) {
				this.#lack(lacking, start, said);
				return this.#create(engine, { ...order, [lacking]: false }, start);
			}
			throw new WorkerStartError(`the container engine refuses the container: ${said}`);
		}
	}

	#without(lacking: keyof Shortfalls, engine: Docker, order: ContainerOrder, start: WorkerStart, said: string): Promise<RunningWorker> {
		this.#lack(lacking, start, said);
		return this.#launch(engine, { ...order, [lacking]: false }, start);
	}

	#lack(lacking: keyof Shortfalls, start: WorkerStart, said: string): void {
		this.#able[lacking] = false;
		const what =
			lacking === 'diskQuota'
				? 'this engine cannot bound the size of a container’s disk: the agent looks how much was written, now and then'
				: 'this engine has no init process: the start command is process 1 and must handle SIGTERM itself';
		start.log.note(what);
		this.#options.log.warn(what, { error: said });
	}

	/** The engine, asked what it is, with leftovers removed. Throws `WorkerStartError`. */
	async #ready(): Promise<{ readonly engine: Docker; readonly images: ImageStore; readonly facts: EngineFacts }> {
		const { engine: address, stateDir, log, network } = this.#options;
		if (this.#opened === null) {
			const engine = await openEngine(address);
			this.#opened = { engine, images: createImageStore(engine, join(stateDir, 'images.json')) };
		}
		const { engine } = this.#opened;
		if (this.#facts === null) {
			this.#facts = await engineFacts(engine, address);
			log.info('container engine', { ...this.#facts, address, network });
			if (!this.#facts.mapsUsers) log.warn('root in a container is root of this machine: run the engine rootless or with user namespaces (userns-remap)', {});
			if (network === 'host') log.warn('workers share the network of this machine: they reach whatever it reaches', {});
		}
		if (this.#dirty) await this.#removeLeftovers(engine);
		this.#dirty = false;
		return { ...this.#opened, facts: this.#facts };
	}

	async #removeLeftovers(engine: Docker): Promise<void> {
		const { log } = this.#options;
		try {
			const left = await engine.listContainers({ all: true, filters: { label: [`${LABELS.agent}=${this.#agentId}`] } });
			for (const { Id, Labels } of left) log.warn('ending a container of an earlier agent', { containerId: Id, workerId: Labels[LABELS.worker] });
			await Promise.all(left.map(({ Id }) => removeContainer(engine.getContainer(Id), log)));
		} catch (error) {
			throw new WorkerStartError(`the container engine cannot list what an earlier agent left: ${messageOf(error)}${statusOf(error) === null ? '' : ` (${statusOf(error)})`}`);
		}
	}

	/** `listen` is for after the start: some engines give the gateway its address only while a container runs. */
	async #bridgePlace(engine: Docker): Promise<{ readonly url: string | null; listen?(): Promise<void> }> {
		const { network, bridgeHost, bridgeUrlAt, listenAt } = this.#options;
		if (bridgeHost !== null) return { url: bridgeUrlAt(bridgeHost) };
		if (network === 'host') return { url: null };
		const gateway = await ensureNetwork(engine, network);
		return { url: bridgeUrlAt(gateway), listen: () => listenAt(gateway) };
	}

	/** On the host's own network a worker listens where it is looked for. */
	#ports({ http, spec, openPorts = [] }: WorkerStart): ContainerOrder['ports'] {
		if (this.#options.network === 'host') return [];
		const open = openPorts.map(({ port, publicIp, publicPort }) => ({ inside: port, host: publicPort, address: bindAddressOf(publicIp) }));
		if (http === null || http === undefined) return open;
		const inside = portsInside(spec.env);
		if (Number.isNaN(inside.port + inside.healthPort)) throw new WorkerStartError('env.PORT and env.PORT_HEALTH must be ports from 1 to 65535');
		const app = { inside: inside.port, host: http.port };
		return http.healthPort === http.port ? [...open, app] : [...open, app, { inside: inside.healthPort, host: http.healthPort }];
	}
}

/** The volume first: the model lies below its place. */
function mountsOf({ volume, model }: WorkerStart): Mount[] {
	return [
		...(volume === undefined ? [] : [{ source: volume.path, target: VOLUME_TARGET, readOnly: false }]),
		...(model === undefined ? [] : [{ source: model.path, target: `${HUB_TARGET}/${model.folder}`, readOnly: true }]),
	];
}

function placesOf({ volume, model }: WorkerStart): Pick<WorkerPlace, 'volumePath' | 'hubPath'> {
	return { ...(volume === undefined ? {} : { volumePath: VOLUME_TARGET }), ...(model === undefined ? {} : { hubPath: HUB_TARGET }) };
}

function refuse(problems: readonly string[]): void {
	if (problems.length > 0) throw new WorkerStartError(problems.join('; '));
}
