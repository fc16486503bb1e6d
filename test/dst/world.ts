/** A whole installation in one process: the edge, regions with NATS, brokers and hosts, clients and receivers, all on one kernel. */
import { createCheckedId } from '../../edge/src/ids/checked-id.ts';
import { BrokerProcess } from './broker.ts';
import { Clients } from './clients.ts';
import { EdgeProcess, toResponse } from './edge.ts';
import type { FaultKind } from './faults.ts';
import { installGlobals, type LeanResponse, type OutgoingCall } from './globals.ts';
import { HostMachine } from './host.ts';
import type { Kernel } from './kernel.ts';
import { Ledger } from './ledger.ts';
import { NatsServer } from './nats-model.ts';
import { Network, NetworkError, type Peer } from './network.ts';
import { Reader } from './reader.ts';
import { Receivers } from './receivers.ts';
import { EDGE_ENV, type WorldSettings } from './settings.ts';
import { MachineWitness, StoreWitness } from './witness.ts';

const EVENT_DEDUPE_MS = 7_500;
const ENDPOINT_WORKERS_MAX = [3, 2, 2];
const ACCOUNTS = ['account-a', 'account-b', 'account-a'];
const CALL_TIMEOUT_MS = 120_000;

export interface Region {
	readonly id: string;
	readonly nats: NatsServer;
	readonly brokers: BrokerProcess[];
	readonly hosts: HostMachine[];
}

export class World {
	readonly kernel: Kernel;
	readonly settings: WorldSettings;
	readonly network: Network;
	readonly ledger: Ledger;
	readonly machines: MachineWitness;
	readonly receivers: Receivers;
	readonly regions: Region[] = [];
	readonly endpoints: string[] = [];
	/** When something was wrong anywhere. */
	readonly troubles: { readonly kind: FaultKind; readonly from: number; readonly to: number }[] = [];
	edge!: EdgeProcess;
	clients!: Clients;

	private constructor(kernel: Kernel, settings: WorldSettings) {
		this.kernel = kernel;
		this.settings = settings;
		this.network = new Network(kernel);
		this.ledger = new Ledger(kernel);
		this.machines = new MachineWitness(kernel, this.ledger);
		this.receivers = new Receivers(kernel, this.network, this.ledger);
	}

	/** Builds the world of the settings; the globals of this process are its from here on. */
	static async build(kernel: Kernel, settings: WorldSettings): Promise<World> {
		const world = new World(kernel, settings);
		const stores = new StoreWitness(kernel, world.ledger);
		world.edge = await EdgeProcess.load(kernel, settings, stores);
		installGlobals(
			kernel,
			(call) => world.edge.outgoing(call, (from, sent) => world.#route(from, sent)),
			(text) => kernel.note(`edge log ${text.slice(0, 200)}`),
		);
		for (const { id, brokers, hosts } of settings.regions) world.#addRegion(id, brokers, hosts);
		const reader = new Reader({ kernel, edge: world.edge, ledger: world.ledger, machines: world.machines, settings });
		const tags = ENDPOINT_WORKERS_MAX.map((_, i) => `tag-${i}`);
		world.clients = new Clients({ kernel, network: world.network, edge: world.edge, ledger: world.ledger, settings, endpoints: world.endpoints, tags, reader });
		return world;
	}

	get brokers(): BrokerProcess[] {
		return this.regions.flatMap(({ brokers }) => brokers);
	}

	get hosts(): HostMachine[] {
		return this.regions.flatMap(({ hosts }) => hosts);
	}

	/** Registers the regions and makes the endpoints, as an operator and an owner would. */
	async found(): Promise<void> {
		const directory = this.edge.stub('REGION_DIRECTORY', 'all');
		for (const { id } of this.regions) await directory['registerRegion']?.({ id, url: `http://${id}.regions.invalid`, publicKey: 'none' });
		await this.sleep(15_000);
		for (const [i, workersMax] of ENDPOINT_WORKERS_MAX.entries()) {
			const id = createCheckedId(EDGE_ENV['LONGSHORE_ID_KEY'] as string, 'endpoint');
			this.endpoints.push(id);
			const spec = { ...SPEC, workersMax, webhookProfile: i === 0 ? 'durable' : 'runpod' };
			await this.edge.stub('ENDPOINT_STORE', id)['create']?.(id, ACCOUNTS[i], this.settings.shards, spec);
		}
		this.machines.workersMax = new Map(this.endpoints.map((id, i) => [id, ENDPOINT_WORKERS_MAX[i] ?? 0]));
	}

	sleep(ms: number): Promise<void> {
		return new Promise((resolve) => void this.kernel.plan(this.kernel.world, ms, resolve));
	}

	/** A server that does not sync before it acknowledges does so now and then. */
	keepSyncing(nats: NatsServer): void {
		const everyMs = this.settings.natsSyncMs;
		if (everyMs === null) return;
		const again = (): void => {
			nats.sync();
			this.kernel.plan(nats.actor, everyMs, again);
		};
		this.kernel.plan(nats.actor, everyMs, again);
	}

	/** Everything works again, from now on. */
	heal(): void {
		const { kernel, network, edge } = this;
		network.heal();
		Object.assign(network.weather, { delayMs: 1, lost: 0, answerLost: 0, doubled: 0 });
		edge.freeze(kernel.now);
		for (const { actor } of this.brokers) actor.pausedUntil = actor.skewMs = 0;
		for (const host of this.hosts) {
			host.freeze(kernel.now);
			host.actor.skewMs = 0;
		}
		this.receivers.brokenUntil = this.receivers.hangingUntil = 0;
	}

	/** Whether nothing was wrong between two moments, epoch milliseconds; `kinds`: nothing of that kind. */
	wasCalm(from: number, to: number, kinds: readonly FaultKind[] | null = null): boolean {
		return this.troubles.every((trouble) => trouble.to < from || trouble.from > to || kinds?.includes(trouble.kind) === false);
	}

	#addRegion(id: string, brokers: number, hosts: WorldSettings['regions'][number]['hosts']): void {
		const { kernel, network, edge, settings } = this;
		const log = {
			info: () => {},
			warn: () => {},
			error: (msg: string, fields?: unknown) => this.ledger.tell(`error in ${kernel.current.name}: ${msg} ${JSON.stringify(fields ?? {}).slice(0, 300)}`),
		};
		const nats = new NatsServer(kernel, network, `${id}/nats`, EVENT_DEDUPE_MS);
		this.keepSyncing(nats);
		this.regions.push({
			id,
			nats,
			brokers: Array.from({ length: brokers }, (_, b) => new BrokerProcess(id, `b${b}`, { kernel, network, edge, nats, settings, log })),
			hosts: hosts.map((host) => new HostMachine(id, host, { kernel, nats, settings, witness: this.machines, log })),
		});
	}

	/** A call of the edge: to one of a region's brokers, or to a receiver of webhooks. */
	#route(from: Peer, call: OutgoingCall): Promise<LeanResponse> {
		const { hostname, pathname } = new URL(call.url);
		if (hostname.startsWith('hooks.')) return this.receivers.take(from, call);
		const region = this.regions.find(({ id }) => hostname.startsWith(`${id}.`));
		if (region === undefined) return Promise.reject(new NetworkError(`${hostname} is not known`));
		const up = region.brokers.filter(({ actor }) => actor.up);
		const among = up.length > 0 ? up : region.brokers;
		const broker = among[Math.floor(this.kernel.random('balance')() * among.length)] as BrokerProcess;
		const body = call.body.slice();
		return this.network.request(from, { place: region.id, actor: broker.actor }, CALL_TIMEOUT_MS, async () => {
			const answer = await broker.serve(pathname, body);
			return toResponse(answer.status, answer.body);
		});
	}
}

const SPEC = {
	name: 'simulated',
	type: 'QUEUE',
	image: 'example/worker:1',
	command: [],
	env: {},
	gpuPools: ['ADA_24', 'AMPERE_24', 'AMPERE_48'],
	gpuTypes: [],
	excludedGpuTypes: [],
	gpuCount: 1,
	cpuFlavors: [],
	cudaVersions: [],
	minCudaVersion: null,
	dataCenterIds: [],
	networkVolumeIds: [],
	ports: [],
	diskGb: null,
	registryId: null,
	workersMin: 0,
	idleTimeoutS: 30,
	scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
	executionTimeoutMs: 20_000,
	ttlMs: 3_600_000,
	retriesMax: 1,
	flashboot: 'OFF',
	model: null,
	fallbackOrder: 'tier',
};
