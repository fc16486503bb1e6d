/** A broker's process: the product's parts as `regional-broker/src/broker.ts` puts them together, on a simulated bus and network. */
import { readSettings } from '../../regional-broker/src/config.ts';
import type { EdgeClient } from '../../regional-broker/src/edge/edge-client.ts';
import { createIdentities, type Identities } from '../../regional-broker/src/enrolment/identities.ts';
import { joinFleet } from '../../regional-broker/src/fleet/join-fleet.ts';
import type { Answer } from '../../regional-broker/src/ingress/answer.ts';
import { createDispatch } from '../../regional-broker/src/ingress/dispatch.ts';
import { createEndpoints } from '../../regional-broker/src/ingress/endpoints.ts';
import { createInventory } from '../../regional-broker/src/ingress/inventory.ts';
import { createRevoke } from '../../regional-broker/src/ingress/revoke.ts';
import type { Log } from '../../regional-broker/src/log.ts';
import { serveClaims } from '../../regional-broker/src/relay/claims.ts';
import { EventRelay } from '../../regional-broker/src/relay/events.ts';
import { serveReports } from '../../regional-broker/src/relay/reports.ts';
import { serveStoring } from '../../regional-broker/src/relay/stored-events.ts';
import { serveUsage } from '../../regional-broker/src/relay/usage.ts';
import { type JobEvent, REGION_PATHS } from '../../shared-schema/src/wire/region.ts';
import { createBrokerBus } from './broker-bus.ts';
import type { EdgeProcess } from './edge.ts';
import { Actor, type Kernel } from './kernel.ts';
import { connectNats } from './nats-link.ts';
import type { NatsServer } from './nats-model.ts';
import type { Network, Peer } from './network.ts';
import type { WorldSettings } from './settings.ts';

export interface BrokerWorld {
	readonly kernel: Kernel;
	readonly network: Network;
	readonly edge: EdgeProcess;
	readonly nats: NatsServer;
	readonly settings: WorldSettings;
	readonly log: Log;
}

export class BrokerProcess implements Peer {
	readonly place: string;
	readonly actor: Actor;
	readonly #id: string;
	readonly #region: string;
	readonly #world: BrokerWorld;
	#verbs: Record<string, (body: Uint8Array) => Promise<Answer>> = {};
	#lives = 0;

	constructor(region: string, id: string, world: BrokerWorld) {
		this.place = `${region}/${id}`;
		this.actor = new Actor(this.place);
		this.#id = id;
		this.#region = region;
		this.#world = world;
		this.start();
	}

	/** Begins a new life: nothing is remembered. */
	start(): void {
		this.actor.up = true;
		this.#world.kernel.plan(this.actor, 0, () => this.#assemble());
	}

	crash(): void {
		this.actor.die();
		this.#verbs = {};
		this.#world.nats.forget(this.place);
	}

	/** A call of the edge. */
	async serve(path: string, body: Uint8Array): Promise<Answer> {
		const verb = this.#verbs[path];
		return verb === undefined ? { status: 503, body: { error: 'starting' } } : verb(body);
	}

	#assemble(): void {
		const { kernel, nats, settings, log } = this.#world;
		const link = connectNats(kernel, nats, this.actor, this.place);
		const bus = createBrokerBus(kernel, link);
		const edge = this.#edgeClient();
		const now = (): number => performance.now();
		const wallClock = (): number => Date.now();
		const brokerSettings = readSettings({ ...brokerEnv(this.#region, this.#id), ...onlyRegion(settings.timers) }, () => '');
		const identities: Identities = createIdentities(brokerSettings, null, bus, (hostId) => fleet.gossip.tellEnrolment(hostId), wallClock, log);
		const fleet: ReturnType<typeof joinFleet> = joinFleet(brokerSettings, `${this.#id}-${++this.#lives}`, bus, edge, identities, log);
		const { registry, grants, consumers, leader, heartbeat, gossip, command, pushParts, noteQueue } = fleet;
		const onStarted = (byEndpoint: ReadonlyMap<string, readonly string[]>): void => {
			for (const [endpointId, keys] of byEndpoint) {
				const started = keys.filter((key) => fleet.hosts.startedJobs.isFirst(key)).length;
				if (started > 0) noteQueue(endpointId, { started });
			}
		};
		const onEvents = (events: readonly JobEvent[]): void => fleet.scaler.anticipations.passed(events);
		const relay = new EventRelay({ bus, edge, wallClock, log, onStarted, onEvents });
		serveReports({ bus, edge, wallClock, log, onStarted, onEvents });
		serveClaims(bus, edge, log);
		serveUsage(bus, edge, log);
		serveStoring(bus, wallClock, log);
		const onDispatched = (byEndpoint: ReadonlyMap<string, { normal: number; low: number }>): void => {
			for (const [endpointId, counts] of byEndpoint) noteQueue(endpointId, counts);
		};
		const revoke = createRevoke({ bus, registry, command, log, onRevoked: () => fleet.hosts.correctSoon(0) });
		const inventory = createInventory({ bus, registry, rollCall: () => fleet.hosts.rollCall(), command, now, log });
		const endpoints = createEndpoints(pushParts, (push) => gossip.tellGrants(push));
		const json = (verb: (body: unknown) => Promise<Answer>) => (body: Uint8Array) => verb(JSON.parse(Buffer.from(body).toString()));
		this.#verbs = {
			[REGION_PATHS.dispatch]: createDispatch({ bus, grants, consumers, log, onDispatched }),
			[REGION_PATHS.revoke]: json(revoke),
			[REGION_PATHS.inventory]: json(inventory),
			[REGION_PATHS.endpoints]: json(endpoints),
		};
		fleet.hosts.start();
		bus.onReady(() => {
			consumers.refresh(grants.all().map((grant) => grant.endpointId));
			leader.start();
		});
		relay.start();
		heartbeat.start();
	}

	#edgeClient(): EdgeClient {
		const { network, edge } = this.#world;
		const from: Peer = { place: this.#region, actor: this.actor };
		return {
			send: async ({ path, body, timeoutMs }) => {
				const copy = body?.slice() ?? new Uint8Array(0);
				const answer = await network.request(from, edge, timeoutMs, () => edge.serve(this.#region, path, copy));
				return { status: answer.status, body: Buffer.from(answer.text) };
			},
			open: () => Promise.reject(new Error('large payloads are not simulated')),
			close: () => {},
		};
	}
}

function onlyRegion(timers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(timers).filter(([name]) => !/RETENTION|REGION_LEASE/.test(name)));
}

function brokerEnv(region: string, id: string): Record<string, string> {
	return {
		LONGSHORE_REGION_ID: region,
		LONGSHORE_BROKER_ID: id,
		LONGSHORE_LISTEN: '127.0.0.1:0',
		LONGSHORE_EDGE_URL: 'http://edge.invalid',
		LONGSHORE_EDGE_PUBLIC_KEY: Buffer.alloc(44).toString('base64'),
		LONGSHORE_REGION_PRIVATE_KEY: Buffer.alloc(44).toString('base64'),
		LONGSHORE_NATS_URL: 'nats://nats.invalid',
		LONGSHORE_OPERATOR_TOKEN: 'operator-token-of-the-simulation',
		LONGSHORE_HOST_KEY: 'host-key-of-the-simulation',
	};
}
