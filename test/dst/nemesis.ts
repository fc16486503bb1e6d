/** Makes faults happen to a world, and ends them. */
import type { Fault, FaultKind } from './faults.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;

type Act = (world: World, fault: Fault) => void;

const of = <T>(values: readonly T[], at: number): T => values[Math.floor(at * values.length)] as T;

function later(world: World, ms: number, run: () => void): void {
	world.kernel.plan(world.kernel.world, ms, run);
}

function cutBoth(world: World, a: string, b: string, ms: number): void {
	world.network.cut(a, b, world.kernel.now + ms);
	world.network.cut(b, a, world.kernel.now + ms);
}

/** Kills a NATS server and starts it again; `before` is what its disk suffers meanwhile. */
function killNats(world: World, fault: Fault, before: (world: World, region: World['regions'][number]) => void): void {
	const region = of(world.regions, fault.target);
	const { nats } = region;
	if (!nats.actor.up) return;
	nats.actor.die();
	nats.clients.length = 0;
	nats.jobs.dropRequests();
	before(world, region);
	later(world, fault.lastsMs, () => {
		nats.actor.up = true;
		world.ledger.count('ghosts', nats.jobs.resurrect(fault.kind !== 'nats wiped'));
		nats.events.restart();
		world.keepSyncing(nats);
	});
}

/** While it lasts a share of requests meets a misfortune. */
function weather(what: 'lost' | 'answerLost' | 'doubled', share: number): Act {
	return (world, { lastsMs }) => {
		world.network.weather[what] = share;
		later(world, lastsMs, () => {
			world.network.weather[what] = 0;
		});
	};
}

const ACTS: Record<FaultKind, Act> = {
	'edge killed': (world, { lastsMs }) => {
		if (!world.edge.actor.up) return;
		world.edge.crash();
		later(world, lastsMs, () => world.edge.restart());
	},
	'edge frozen': (world, { lastsMs }) => world.edge.freeze(world.kernel.now + lastsMs),
	'object evicted': (world, { target }) => of([...world.edge.objects.cells.values()], target).die(),
	'alarm lost': (world, { target }) => {
		const cell = of(
			[...world.edge.objects.cells.values()].filter(({ id }) => id.startsWith('JOB_STORE')),
			target,
		);
		cell.loseAlarm();
		cell.die();
	},
	'broker killed': (world, { target, lastsMs }) => {
		const broker = of(world.brokers, target);
		if (!broker.actor.up) return;
		broker.crash();
		later(world, lastsMs, () => broker.start());
	},
	'broker frozen': (world, { target, lastsMs }) => {
		of(world.brokers, target).actor.pausedUntil = world.kernel.now + lastsMs;
	},
	'nats killed': (world, fault) => killNats(world, fault, () => {}),
	'nats power cut': (world, fault) => {
		killNats(world, fault, (_, { nats }) => {
			if (world.settings.natsSyncMs === null) return;
			world.ledger.count('messages lost with a power cut', nats.jobs.stream.loseTail() + nats.events.stream.loseTail());
		});
	},
	'nats wiped': (world, fault) => killNats(world, fault, (_, { nats }) => nats.wipe()),
	'consumer deleted': (world, { target }) => {
		const { nats } = of(world.regions, target);
		for (const endpointId of [...nats.jobs.consumers.keys()]) nats.jobs.remove(endpointId);
	},
	'stream purged': (world, { target }) => {
		for (const endpointId of world.endpoints) of(world.regions, target).nats.jobs.purge(endpointId);
	},
	'messages delivered again': (world, { target }) => {
		const { nats } = of(world.regions, target);
		world.ledger.count('ghosts', nats.jobs.resurrect(true));
	},
	'agent killed': (world, { target, lastsMs }) => {
		const host = of(world.hosts, target);
		if (!host.actor.up) return;
		host.killAgent();
		later(world, Math.min(lastsMs, 8_000), () => host.start());
	},
	'agent frozen': (world, { target, lastsMs }) => of(world.hosts, target).freezeAgent(world.kernel.now + lastsMs),
	'machine off': (world, { target, lastsMs }) => {
		const host = of(world.hosts, target);
		if (!host.actor.up) return;
		host.powerOff(false);
		later(world, lastsMs, () => host.start());
	},
	'machine off for good': (world, { target }) => {
		const host = of(world.hosts, target);
		if (!host.actor.up) return;
		host.powerOff(true);
		later(world, 300_000, () => host.start());
	},
	'machine frozen': (world, { target, lastsMs }) => of(world.hosts, target).freeze(world.kernel.now + lastsMs),
	'worker killed': (world, { target }) => {
		const workers = world.hosts.filter(({ pausedUntil }) => pausedUntil <= world.kernel.now).flatMap((host) => [...host.workers.values()]);
		if (workers.length > 0) of(workers, target).end({ code: null, signal: 'SIGKILL' });
	},
	'edge cut from region': (world, { target, lastsMs }) => world.network.cut('edge', of(world.regions, target).id, world.kernel.now + lastsMs),
	'region cut from edge': (world, { target, lastsMs }) => world.network.cut(of(world.regions, target).id, 'edge', world.kernel.now + lastsMs),
	'region cut off': (world, { target, lastsMs }) => cutBoth(world, 'edge', of(world.regions, target).id, lastsMs * 2),
	'host cut from nats': (world, { target, lastsMs }) => {
		const host = of(world.hosts, target);
		cutBoth(world, host.actor.name, `${host.region}/nats`, lastsMs);
	},
	'broker cut from nats': (world, { target, lastsMs }) => {
		const broker = of(world.brokers, target);
		cutBoth(world, broker.place, `${broker.place.split('/')[0]}/nats`, lastsMs);
	},
	'clients cut from edge': (world, { lastsMs }) => world.network.cut('edge', 'clients', world.kernel.now + lastsMs),
	'requests lost': weather('lost', 0.1),
	'answers lost': weather('answerLost', 0.2),
	'requests doubled': weather('doubled', 0.2),
	'network slow': (world, { lastsMs, target }) => {
		world.network.weather.delayMs = 50 + 900 * target;
		later(world, lastsMs, () => {
			world.network.weather.delayMs = 1;
		});
	},
	'receivers broken': (world, { lastsMs }) => {
		world.receivers.brokenUntil = world.kernel.now + lastsMs;
	},
	'receivers hang': (world, { lastsMs }) => {
		world.receivers.hangingUntil = world.kernel.now + lastsMs;
	},
	'wall clock jumps': (world, { target, lastsMs }) => {
		const actor = of([...world.brokers.map((broker) => broker.actor), ...world.hosts.map((host) => host.actor)], target);
		actor.skewMs = (target < 0.5 ? -1 : 1) * HOUR_MS;
		later(world, lastsMs, () => {
			actor.skewMs = 0;
		});
	},
};

/** Lets a fault happen now. */
export function strike(world: World, fault: Fault): void {
	world.ledger.count(`fault: ${fault.kind}`);
	world.ledger.tell(`FAULT ${fault.n}: ${fault.kind}, ${(fault.lastsMs / 1_000).toFixed(1)} s`);
	world.troubles.push({ kind: fault.kind, from: world.kernel.now, to: world.kernel.now + fault.lastsMs + (fault.kind === 'machine off for good' ? 300_000 : 0) });
	ACTS[fault.kind](world, fault);
}
