/** Joins the parts that know hosts, grants and queues: each made once, wired in both directions. */
import { randomBytes } from 'node:crypto';
import { Balancer } from '../balancer/balancer.ts';
import { Demand } from '../balancer/demand.ts';
import type { Bus } from '../bus/bus.ts';
import type { BrokerSettings } from '../config.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { Heartbeat } from '../edge/heartbeat.ts';
import type { Identities } from '../enrolment/identities.ts';
import { applyPush, type EndpointsOptions } from '../ingress/endpoints.ts';
import type { Log } from '../log.ts';
import { Backoffs } from './backoffs.ts';
import { ConfirmedGrants } from './confirmed-grants.ts';
import { Decisions } from './decisions.ts';
import { Duties, type DutiesOptions, type DutyNews } from './duties.ts';
import { composeHeartbeat, createCommander, Fleet } from './fleet.ts';
import { Gossip, type GossipOptions, type QueueChange } from './gossip.ts';
import { Grants } from './grants.ts';
import { JobConsumers } from './job-consumers.ts';
import { Leader } from './leader.ts';
import { Quarantines } from './quarantines.ts';
import { QueueDepths } from './queue-depths.ts';
import { Registry } from './registry.ts';
import { Scaler } from './scaler.ts';

/** A host that has not spoken up this long after a roll call is taken not to exist: one report interval and some slack. */
const SETTLE_SLACK_MS = 500;

const now = (): number => performance.now();
const wallClock = (): number => Date.now();
const clocks = { now, wallClock };

/** The parts that know hosts, grants and queues, joined in both directions. */
export function joinFleet(settings: BrokerSettings, boot: string, bus: Bus, edge: EdgeClient, identities: Identities, log: Log) {
	const registry = new Registry({ hostLeaseMs: settings.LONGSHORE_HOST_LEASE_MS, settleMs: settings.LONGSHORE_HOST_REPORT_MS + SETTLE_SLACK_MS, now });
	const grants = new Grants();
	const depths = new QueueDepths(now);
	const backoffs = new Backoffs(now);
	const decisions = new Decisions(wallClock);
	const consumers = new JobConsumers(bus, now, log);
	const command = createCommander(bus);
	const confirmed = new ConfirmedGrants();
	const demand: Demand = new Demand({ bus, boot, now, onChange: (endpointId) => void [scaler.touch(endpointId), heartbeat.changed()], log });
	const heartbeat = new Heartbeat({
		edge,
		intervalMs: settings.LONGSHORE_REGION_HEARTBEAT_MS,
		compose: () => {
			confirmed.asked(leader.isLeader());
			return hosts.isSeeded() ? composeHeartbeat(boot, leader.isLeader() && registry.isComplete(), registry, grants, depths, balancer, scaler, duties) : null;
		},
		onAnswer: (answer, told) => {
			const first = !grants.areKnown();
			grants.markKnown();
			hosts.settled(registry.toldLost(told.lostBoots));
			applyPush(pushParts, answer);
			if (confirmed.answered() || first) scaler.touchAll();
		},
		...clocks,
		log,
	});
	const leader: Leader = new Leader({
		records: bus.records,
		brokerId: settings.LONGSHORE_BROKER_ID,
		boot,
		edgeHeardAtMs: () => heartbeat.heardAtMs(),
		now,
		log,
		onChange: (leads, edgeHeardAtMs) => {
			void [heartbeat.inherit(edgeHeardAtMs), confirmed.reset()];
			if (leads) void [heartbeat.changed(), hosts.remember(), hosts.rollCall(), scaler.touchAll()];
		},
	});
	const ordersChanged = (): void => void [scaler.touchAll(), heartbeat.changed(), balancer.review()];
	const tells = { tell: (news: DutyNews) => queue.gossip.tellDuty(news), tellGpus: (hostId: string) => queue.gossip.tellGpus(hostId) };
	const { duties, quarantines } = watchOrders(bus, log, { registry, command, isLeader: () => leader.isLeader(), ...tells, onChanged: ordersChanged });
	const scaler: Scaler = new Scaler({
		duties,
		registry,
		grants,
		depths,
		demand,
		backoffs,
		decisions,
		mayAct: () => leader.isLeader() && registry.isComplete() && grants.areKnown() && confirmed.areConfirmed() && !isFenced(heartbeat, settings),
		command,
		permitOf: identities.tokens.permitOf,
		newWorkerId,
		now,
		log,
		onCounts: () => heartbeat.changed(),
	});
	const hosts: Fleet = new Fleet({
		bus,
		registry,
		grants,
		depths,
		consumers,
		scaler,
		duties,
		quarantines,
		decisions,
		isLeader: () => leader.isLeader(),
		edgeSilentMs: () => heartbeat.edgeSilentMs(),
		onReport: () => balancer.review(),
		onHosts: () => heartbeat.changed(),
		log,
	});
	const balancer: Balancer = new Balancer({ registry, grants, demand, isOpen: (hostId) => duties.of(hostId) !== 'drained', now });
	const pushParts: EndpointsOptions = { grants, consumers, ...onGrantChange(depths, scaler, balancer) };
	const queue = joinQueue(bus, pushParts, depths, scaler, hosts, newsFor(duties, quarantines, decisions, identities), log);
	return { registry, duties, quarantines, grants, depths, scaler, decisions, backoffs, consumers, leader, heartbeat, command, hosts, pushParts, demand, balancer, ...queue };
}

/** The edge may have given this region up, and its places away. */
function isFenced(heartbeat: Heartbeat, settings: BrokerSettings): boolean {
	return (heartbeat.edgeSilentMs() ?? Number.POSITIVE_INFINITY) >= settings.LONGSHORE_REGION_FENCE_MS;
}

function newWorkerId(): string {
	return `w${randomBytes(10).toString('hex')}`.slice(0, 15);
}

/** What follows when the edge changes or takes back a grant. */
function onGrantChange(depths: QueueDepths, scaler: Scaler, balancer: Balancer): Pick<EndpointsOptions, 'onChanged' | 'onRemoved'> {
	return {
		onChanged: (endpointId: string) => {
			scaler.touch(endpointId);
			balancer.review();
		},
		onRemoved: (endpointId: string) => {
			depths.forget(endpointId);
			scaler.forget(endpointId);
		},
	};
}

type OrderParts = Omit<DutiesOptions, 'records' | 'now' | 'log'> & { readonly tellGpus: (hostId: string) => void };

/** The operator's orders, read whenever NATS is (back) there. */
function watchOrders(bus: Bus, log: Log, parts: OrderParts): { readonly duties: Duties; readonly quarantines: Quarantines } {
	const { registry, command, isLeader, tellGpus } = parts;
	const duties = new Duties({ ...parts, records: bus.records, now, log });
	const quarantines = new Quarantines({ records: bus.records, registry, command, isLeader, tell: tellGpus, now, log });
	bus.onReady(() => void [duties.start(), quarantines.start()]);
	return { duties, quarantines };
}

/** What brokers tell each other besides grants and counts. */
type News = Pick<GossipOptions, 'onDuty' | 'onGpus' | 'onNote' | 'onEnrolment'>;

function newsFor(duties: Duties, quarantines: Quarantines, decisions: Decisions, { enrolments }: Identities): News {
	return {
		onDuty: (news) => duties.hear(news),
		onGpus: (hostId) => void quarantines.hear(hostId),
		onNote: (endpointId, text) => decisions.note(endpointId, 'stop', text, {}),
		onEnrolment: (hostId) => void enrolments.hear(hostId),
	};
}

/** Counts of waiting jobs, from this broker's own traffic and from what the others tell. */
function joinQueue(bus: Bus, pushParts: EndpointsOptions, depths: QueueDepths, scaler: Scaler, hosts: Fleet, news: News, log: Log) {
	const apply = (endpointId: string, change: QueueChange[string]): void => {
		if (change.normal + change.low > 0) depths.dispatched(endpointId, change.normal, change.low);
		if (change.started > 0) depths.started(endpointId, change.started);
		hosts.correctSoon();
		scaler.touch(endpointId);
	};
	const gossip = new Gossip({
		bus,
		onGrants: (push) => void applyPush(pushParts, push),
		...news,
		onQueue: (changes) => {
			for (const [endpointId, change] of Object.entries(changes)) apply(endpointId, change);
		},
		log,
	});
	const noteQueue = (endpointId: string, change: Partial<QueueChange[string]>): void => {
		apply(endpointId, { normal: 0, low: 0, started: 0, ...change });
		gossip.tellQueue(endpointId, change);
	};
	return { gossip, noteQueue };
}
