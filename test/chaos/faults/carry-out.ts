/** Carries out one fault: begins it, waits, heals it. Knows what each kind does to the stack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENTS_STREAM, endpointConsumer, JOBS_STREAM } from '@longshore/shared-schema/wire/subjects';
import type { EventOf } from '../history/event.ts';
import type { PlannedFault } from '../plan/schedule.ts';
import type { LinkName } from './links.ts';
import type { ProxyMode } from './proxy.ts';
import type { RegionBus } from './region-bus.ts';
import type { StackUnderTest } from './stack-under-test.ts';
import { cutPower } from './stores.ts';

const HOUR_MS = 3_600_000;
/** A supervisor starts a process again at once: to keep a region down it dies over and over. */
const KILL_AGAIN_MS = 100;

/** What faults need of a run. */
export interface FaultParts {
	readonly stack: StackUnderTest;
	readonly buses: ReadonlyMap<string, RegionBus>;
	/** Process numbers of workers that live now. */
	readonly workers: () => readonly number[];
	readonly endpointIds: readonly string[];
	/** The receiver of webhooks: `null`: it answers 200. */
	readonly setHooks: (mode: 'refuse' | 'hang' | null) => void;
}

type Act = (fault: PlannedFault, parts: FaultParts) => Promise<string | null>;

/** Resolves, when it is over, with what is to be remembered of it. `done` is false when there was nothing to do it to. */
export async function carryOut(fault: PlannedFault, parts: FaultParts): Promise<EventOf<'fault'>> {
	const at = Date.now();
	const target = (await (ACTS[fault.kind.name] ?? unknownKind)(fault, parts)) ?? '';
	const { name, scope } = fault.kind;
	return { is: 'fault', at, healedAt: Date.now(), kind: name, target, region: scope === 'region' ? fault.region : null, edge: scope === 'edge', done: target !== '' };
}

const unknownKind: Act = (fault) => Promise.reject(new Error(`nobody knows how to ${fault.kind.name}`));

/** One of the region's processes of a kind, by the fault's draw. */
type ProcessKind = 'broker' | 'nats' | 'host';

function processesOf({ stack }: FaultParts, region: string, kind: ProcessKind): [string, number][] {
	const { pids } = stack.local();
	const all = kind === 'broker' ? pids.brokers : kind === 'nats' ? pids.nats : pids.hosts;
	return Object.entries(all).filter(([name]) => name === region || name.startsWith(`${region}-`));
}

function chosen<T>(items: readonly T[], pick: number): T | undefined {
	return items[Math.floor(pick * items.length)];
}

const kill = (pid: number, signal: NodeJS.Signals): boolean => {
	try {
		return process.kill(pid, signal);
	} catch {
		return false; // It is being started again.
	}
};

/** Signals one process; a freeze ends with the fault. */
const signalOne =
	(kind: ProcessKind, signal: NodeJS.Signals): Act =>
	async (fault, parts) => {
		const one = chosen(processesOf(parts, fault.region, kind), fault.pick);
		if (one === undefined || !kill(one[1], signal)) return null;
		if (signal === 'SIGSTOP') {
			await sleep(fault.forMs);
			kill(one[1], 'SIGCONT');
		}
		return one[0];
	};

const signalEdge =
	(signal: NodeJS.Signals): Act =>
	async (fault, { stack }) => {
		const pid = stack.local().pids.edge;
		if (pid === undefined || !kill(pid, signal)) return null;
		await sleep(fault.forMs);
		if (signal === 'SIGSTOP') kill(pid, 'SIGCONT');
		// As supervisors do: workerd goes on for as long as calls are held, and takes no new ones.
		if (signal === 'SIGTERM') kill(pid, 'SIGKILL');
		return 'edge';
	};

const signalWorker =
	(signal: NodeJS.Signals): Act =>
	async (fault, parts) => {
		const pid = chosen(parts.workers(), fault.pick);
		if (pid === undefined || !kill(pid, signal)) return null;
		if (signal === 'SIGSTOP') {
			await sleep(fault.forMs);
			kill(pid, 'SIGCONT');
		}
		return String(pid);
	};

const disturb =
	(mode: ProxyMode, ...links: LinkName[]): Act =>
	async (fault, { stack }) => {
		for (const link of links) stack.links.set(fault.region, link, mode);
		await sleep(fault.forMs);
		for (const link of links) stack.links.set(fault.region, link, 'pass');
		return fault.region;
	};

const delayRegion: Act = async (fault, { stack }) => {
	const links = ['edge-to-region', 'region-to-edge'] as const;
	for (const link of links) stack.links.delay(fault.region, link, 150 + Math.round(fault.pick * 250));
	await sleep(fault.forMs);
	for (const link of links) stack.links.delay(fault.region, link, 0);
	return fault.region;
};

const resetLinks =
	(...links: LinkName[]): Act =>
	async (fault, { stack }) => {
		for (const link of links) stack.links.reset(fault.region, link);
		return fault.region;
	};

const natsNodes = (parts: FaultParts, region: string): { id: string; pid: number | undefined }[] => {
	const { pids } = parts.stack.local();
	return (parts.stack.network.find(({ id }) => id === region)?.nats ?? []).map(({ id }) => ({ id, pid: pids.nats[id] }));
};

const loseStore =
	(after: 'nothing' | 'kept'): Act =>
	async (fault, parts) => {
		cutPower(parts.stack.home, natsNodes(parts, fault.region), after);
		await sleep(fault.forMs);
		return fault.region;
	};

const killRegion: Act = async (fault, parts) => {
	const killAll = (): void => {
		for (const kind of ['broker', 'nats', 'host'] as const) for (const [, pid] of processesOf(parts, fault.region, kind)) kill(pid, 'SIGKILL');
	};
	killAll();
	const timer = setInterval(killAll, KILL_AGAIN_MS);
	await sleep(fault.forMs);
	clearInterval(timer);
	return fault.region;
};

/** Everything in the region dies at one moment, and its NATS has only what was on the disk. */
const losePower: Act = async (fault, parts) => {
	for (const kind of ['host', 'broker'] as const) for (const [, pid] of processesOf(parts, fault.region, kind)) kill(pid, 'SIGKILL');
	return loseStore('kept')(fault, parts);
};

const pullEveryPlug: Act = async (fault, parts) => {
	const { pids } = parts.stack.local();
	for (const pid of [pids.edge, ...Object.values(pids.brokers), ...Object.values(pids.hosts)]) if (pid !== undefined) kill(pid, 'SIGKILL');
	for (const { id } of parts.stack.network) cutPower(parts.stack.home, natsNodes(parts, id), 'kept');
	await sleep(fault.forMs);
	return 'everything';
};

const shiftClock =
	(kind: 'broker' | 'host', sign: 1 | -1): Act =>
	async (fault, parts) => {
		const names = kind === 'broker' ? processesOf(parts, fault.region, kind) : [chosen(processesOf(parts, fault.region, kind), fault.pick)];
		const known = names.flatMap((one) => (one === undefined ? [] : [`${kind} ${one[0]}`]));
		for (const name of known) parts.stack.shiftClock(name, sign * HOUR_MS);
		await sleep(fault.forMs);
		for (const name of known) parts.stack.shiftClock(name, 0);
		return known.join(', ') || null;
	};

/** A region in trouble may be unable to do even this: then it was not done. */
const inStreams =
	(act: (fault: PlannedFault, parts: FaultParts, bus: RegionBus) => Promise<string>): Act =>
	async (fault, parts) => {
		const bus = parts.buses.get(fault.region);
		return bus === undefined ? null : act(fault, parts, bus).catch(() => null);
	};

const hooks =
	(mode: 'refuse' | 'hang'): Act =>
	async (fault, { setHooks }) => {
		setHooks(mode);
		await sleep(fault.forMs);
		setHooks(null);
		return 'receiver';
	};

const clients =
	(during: (stack: StackUnderTest) => void): Act =>
	async (fault, { stack }) => {
		during(stack);
		await sleep(fault.forMs);
		stack.clients.set('pass');
		return 'clients';
	};

const ACTS: Readonly<Record<string, Act>> = {
	'kill edge': signalEdge('SIGKILL'),
	'freeze edge': signalEdge('SIGSTOP'),
	'terminate edge': signalEdge('SIGTERM'),
	'reset clients': clients(({ clients: proxy }) => proxy.reset()),
	'cut clients in answers': clients(({ clients: proxy }) => proxy.set('no-answers')),
	'kill broker': signalOne('broker', 'SIGKILL'),
	'freeze broker': signalOne('broker', 'SIGSTOP'),
	'terminate broker': signalOne('broker', 'SIGTERM'),
	'kill nats': signalOne('nats', 'SIGKILL'),
	'freeze nats': signalOne('nats', 'SIGSTOP'),
	'terminate nats': signalOne('nats', 'SIGTERM'),
	'kill host': signalOne('host', 'SIGKILL'),
	'freeze host': signalOne('host', 'SIGSTOP'),
	'terminate host': signalOne('host', 'SIGTERM'),
	'kill worker': signalWorker('SIGKILL'),
	'freeze worker': signalWorker('SIGSTOP'),
	'terminate worker': signalWorker('SIGTERM'),
	'cut broker from nats': disturb('cut', 'brokers-to-nats'),
	'hang broker from nats': disturb('hang', 'brokers-to-nats'),
	'cut host from nats': disturb('cut', 'hosts-to-nats'),
	'hang host from nats': disturb('hang', 'hosts-to-nats'),
	'cut host from broker': disturb('cut', 'hosts-to-brokers'),
	'cut nats apart': disturb('cut', 'routes'),
	'reset nats clients': resetLinks('brokers-to-nats', 'hosts-to-nats'),
	'slow nats': disturb('slow', 'brokers-to-nats'),
	'cut edge to region': disturb('cut', 'edge-to-region'),
	'cut region to edge': disturb('cut', 'region-to-edge'),
	'drop answers to edge': disturb('no-answers', 'edge-to-region'),
	'drop answers to region': disturb('no-answers', 'region-to-edge'),
	'delay region': delayRegion,
	'slow region': disturb('slow', 'edge-to-region', 'region-to-edge'),
	'reset region': resetLinks('edge-to-region', 'region-to-edge'),
	'cut region off': disturb('cut', 'edge-to-region', 'region-to-edge'),
	'hang region': disturb('hang', 'edge-to-region', 'region-to-edge'),
	'kill region': killRegion,
	'region loses power': losePower,
	'lose nats store': loseStore('nothing'),
	'lose unsynced messages': loseStore('kept'),
	'delete consumer': inStreams(async (fault, { endpointIds }, bus) => {
		const endpoint = chosen(endpointIds, fault.pick) ?? '';
		await (await bus.manager()).consumers.delete(JOBS_STREAM, endpointConsumer(endpoint));
		return endpoint;
	}),
	'purge stream': inStreams(async (fault, _parts, bus) => {
		const stream = fault.pick < 0.7 ? JOBS_STREAM : EVENTS_STREAM;
		await (await bus.manager()).streams.purge(stream);
		return stream;
	}),
	'pull every plug': pullEveryPlug,
	'webhooks refused': hooks('refuse'),
	'webhooks hang': hooks('hang'),
	'host clock ahead': shiftClock('host', 1),
	'host clock behind': shiftClock('host', -1),
	'broker clock ahead': shiftClock('broker', 1),
	'broker clock behind': shiftClock('broker', -1),
};
