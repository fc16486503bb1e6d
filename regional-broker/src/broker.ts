/** One broker, put together: every part made once and handed to those that need it. */
import type { JobEvent } from '@longshore/shared-schema/wire/region';
import type { Bus } from './bus/bus.ts';
import { createNatsBus, type NatsBus } from './bus/nats-bus.ts';
import { type BrokerSettings, listenAddress } from './config.ts';
import { createEdgeClient } from './edge/edge-client.ts';
import { createSigner, createVerifier } from './edge/signature.ts';
import { createIdentities, type Identities } from './enrolment/identities.ts';
import { createIssuer, type Issuer } from './enrolment/issuer.ts';
import { joinFleet } from './fleet/join-fleet.ts';
import { type AppOptions, createApp } from './http/app.ts';
import { listen } from './http/listener.ts';
import { createAwaitWorker } from './ingress/await-worker.ts';
import { isBalanced } from './ingress/balanced-call.ts';
import { createDecisions } from './ingress/decisions.ts';
import { createDispatch } from './ingress/dispatch.ts';
import { createEndpoints } from './ingress/endpoints.ts';
import { createInventory } from './ingress/inventory.ts';
import { createLoadBalancerProxy } from './ingress/load-balancer-proxy.ts';
import { createLoadBalancerSocket } from './ingress/load-balancer-socket.ts';
import { createLogs } from './ingress/logs.ts';
import { createRevoke } from './ingress/revoke.ts';
import { createEndpointWorkers } from './ingress/workers.ts';
import { errorText, type Log } from './log.ts';
import { evictWorker } from './operator/evict.ts';
import { setGpu } from './operator/gpus.ts';
import { readiness } from './operator/health.ts';
import { describeHost, giveDuty } from './operator/host-duty.ts';
import { describeHosts } from './operator/hosts.ts';
import { describeQueues } from './operator/queues.ts';
import { describeWorkers } from './operator/workers.ts';
import { serveClaims } from './relay/claims.ts';
import { EventRelay } from './relay/events.ts';
import { forgetSettled } from './relay/forget-settled.ts';
import { serveReports } from './relay/reports.ts';
import { serveStoring } from './relay/stored-events.ts';
import { serveUsage } from './relay/usage.ts';

/** Time for load balancers and the edge to see that this broker drains before it stops listening. */
const DRAIN_NOTICE_MS = 200;
const CLOSE_TIMEOUT_MS = 10_000;

export interface Broker {
	readonly url: string;
	/** Drains: readiness first, then the listener, posts in flight, leadership, and NATS. */
	stop(): Promise<void>;
}

const now = (): number => performance.now();
const wallClock = (): number => Date.now();

/** Starts a broker. Resolves when it listens; NATS and the edge may come later. */
export async function createBroker(settings: BrokerSettings, boot: string, log: Log): Promise<Broker> {
	const sign = createSigner(settings.LONGSHORE_REGION_ID, settings.LONGSHORE_REGION_PRIVATE_KEY);
	const verify = createVerifier('edge', settings.LONGSHORE_EDGE_PUBLIC_KEY, wallClock);
	const edge = createEdgeClient(settings.LONGSHORE_EDGE_URL, sign);
	const issuer = settings.LONGSHORE_NATS_ISSUER === undefined ? null : createIssuer(settings.LONGSHORE_NATS_ISSUER, wallClock);
	const bus = connectBus(settings, issuer, log);
	const identities: Identities = createIdentities(settings, issuer, bus, (hostId) => fleet.gossip.tellEnrolment(hostId), wallClock, log);
	const fleet = joinFleet(settings, boot, bus, edge, identities, log);
	const { registry, duties, grants, scaler, decisions, backoffs, consumers, leader, heartbeat, gossip, command, pushParts, noteQueue, balancer, demand } = fleet;

	const onStarted = startCounter(fleet);
	const onEvents = (events: readonly JobEvent[]): void => scaler.anticipations.passed(events);
	const relay = new EventRelay({ bus, edge, wallClock, log, onStarted, onEvents });
	serveReports({ bus, edge, wallClock, log, onStarted, onEvents });
	serveClaims(bus, edge, log);
	serveUsage(bus, edge, log);
	serveStoring(bus, wallClock, log);

	let draining = false;
	const edgeSilentMaxMs = 3 * settings.LONGSHORE_REGION_HEARTBEAT_MS + 1_000;
	const app = createApp({
		verify,
		operatorToken: settings.LONGSHORE_OPERATOR_TOKEN,
		...identities.routes,
		...operatorVerbs(fleet, bus),
		edge,
		dispatch: createDispatch({
			bus,
			grants,
			consumers,
			log,
			onDispatched: (byEndpoint) => {
				for (const [endpointId, counts] of byEndpoint) noteQueue(endpointId, counts);
			},
		}),
		revoke: createRevoke({ bus, registry, command, log, onRevoked: () => fleet.hosts.correctSoon(0) }),
		inventory: createInventory({ bus, registry, rollCall: () => fleet.hosts.rollCall(), command: fleet.command, now, log }),
		endpoints: createEndpoints(pushParts, (push) => gossip.tellGrants(push)),
		endpointWorkers: createEndpointWorkers(registry, now),
		awaitWorker: createAwaitWorker(balancer),
		logs: createLogs({ bus, registry, log }),
		decisions: createDecisions({ decisions, backoffs, scaler, now }),
		readiness: () => readiness({ bus, edgeSilentMs: () => heartbeat.edgeSilentMs(), edgeSilentMaxMs, isDraining: () => draining }),
		log,
	});
	const { host, port } = listenAddress(settings.LONGSHORE_LISTEN);
	const proxy = { balancer, verify, requestMs: settings.LONGSHORE_BALANCER_REQUEST_MS, now, log };
	const listener = await listen(app, host, port, { isFor: isBalanced, request: createLoadBalancerProxy(proxy), upgrade: createLoadBalancerSocket(proxy) });

	fleet.hosts.start();
	bus.onReady(() => {
		consumers.refresh(grants.all().map((grant) => grant.endpointId));
		leader.start();
	});
	relay.start();
	const forgetting = forgetSettled(bus, log);
	heartbeat.start();

	return {
		url: listener.url,
		stop: async () => {
			draining = true;
			await new Promise((resolve) => setTimeout(resolve, DRAIN_NOTICE_MS));
			await Promise.all([listener.close(CLOSE_TIMEOUT_MS), relay.stop(CLOSE_TIMEOUT_MS)]);
			forgetting.stop();
			heartbeat.stop();
			scaler.stop();
			fleet.hosts.stop();
			duties.stop();
			fleet.quarantines.stop();
			identities.enrolments.stop();
			gossip.stop();
			demand.stop();
			await leader.stop();
			await bus.close().catch((error: unknown) => log.warn('NATS did not close cleanly', { error: errorText(error) }));
			edge.close();
		},
	};
}

/** What operators see and order. */
function operatorVerbs(fleet: ReturnType<typeof joinFleet>, bus: Bus): Pick<AppOptions, 'hosts' | 'host' | 'giveDuty' | 'setGpu' | 'evictWorker' | 'workers' | 'queues'> {
	const { registry, duties, quarantines, grants, depths, scaler, decisions, backoffs, leader, gossip, command } = fleet;
	const note = (endpointId: string, text: string): void => void [decisions.note(endpointId, 'stop', text, {}), gossip.tellNote(endpointId, text)];
	return {
		hosts: () => describeHosts(registry, duties, leader.isLeader(), now()),
		host: (id) => describeHost({ registry, duties }, id),
		giveDuty: (id, duty) => giveDuty({ registry, duties }, id, duty),
		setGpu: (id, gpu, verb, body) => setGpu({ registry, duties, quarantines: quarantines }, id, gpu, verb, body),
		evictWorker: (id, body) => evictWorker({ registry, command, note }, id, body),
		workers: () => describeWorkers(registry, grants, backoffs, now()),
		queues: () => describeQueues({ bus, grants, depths, scaler, decisions }),
	};
}

function connectBus(settings: BrokerSettings, issuer: Issuer | null, log: Log): NatsBus {
	return createNatsBus(
		{
			servers: settings.LONGSHORE_NATS_URL.split(','),
			login: issuer?.brokerLogin(`broker ${settings.LONGSHORE_BROKER_ID}`) ?? null,
			name: `broker ${settings.LONGSHORE_BROKER_ID}`,
			replicas: settings.LONGSHORE_NATS_REPLICAS,
			eventRetryMs: settings.LONGSHORE_EVENT_RETRY_MS,
		},
		log,
	);
}

/** Counts jobs as started that no host's report has shown yet. */
function startCounter({ hosts, noteQueue }: Pick<ReturnType<typeof joinFleet>, 'hosts' | 'noteQueue'>): (byEndpoint: ReadonlyMap<string, readonly string[]>) => void {
	return (byEndpoint) => {
		for (const [endpointId, keys] of byEndpoint) {
			const started = keys.filter((key) => hosts.startedJobs.isFirst(key)).length;
			if (started > 0) noteQueue(endpointId, { started });
		}
	};
}
