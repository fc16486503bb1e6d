/** The edge's process: the product's own Durable Objects on the simulated platform, and its door for regions. */
import type { Env } from '../../edge/src/env.ts';
import { EDGE_PATHS } from '../../shared-schema/src/wire/region.ts';
import { LeanResponse, type OutgoingCall } from './globals.ts';
import { Actor, type Kernel } from './kernel.ts';
import type { Peer } from './network.ts';
import { type DurableCell, type ObjectClass, ObjectPlatform, type Stub } from './objects.ts';
import { EDGE_ENV, type WorldSettings } from './settings.ts';
import type { StoreWitness } from './witness.ts';

type Door = (env: Env, region: string, body: Uint8Array) => Promise<unknown>;

/** What the alarm clock of the platform does at worst, and how often. */
const ALARM_LATE_MS_MAX = 60_000;
const ALARM_LATE_SHARE = 0.01;

/** Where calls of the edge's objects go. */
export type Road = (from: Peer, call: OutgoingCall) => Promise<LeanResponse>;

export class EdgeProcess implements Peer {
	readonly place = 'edge';
	readonly actor = new Actor('edge');
	readonly objects: ObjectPlatform;
	readonly env: Env;
	readonly #kernel: Kernel;
	readonly #classes: Record<string, ObjectClass>;
	readonly #doors: Record<string, Door>;

	private constructor(kernel: Kernel, settings: WorldSettings, classes: Record<string, ObjectClass>, doors: Record<string, Door>, witness: StoreWitness) {
		this.#kernel = kernel;
		this.#classes = classes;
		this.#doors = doors;
		const random = kernel.random('disk');
		this.objects = new ObjectPlatform({
			kernel,
			process: this.actor,
			env: () => this.env,
			alarmLateMs: () => (random() < ALARM_LATE_SHARE ? random() * ALARM_LATE_MS_MAX : random() * 5),
			commitMs: () => 0.3 + random() * 4,
			before: (cell, method, args) => (cell.id.startsWith('JOB_STORE') ? witness.before(cell, method, args) : null),
			after: (cell, method, args, value, before) => (cell.id.startsWith('JOB_STORE') ? witness.after(cell, method, args, value, before) : value),
		});
		const bindings = Object.fromEntries(Object.entries(classes).map(([kind, make]) => [kind, this.objects.namespace(kind, make)]));
		this.env = { ...EDGE_ENV, ...onlyEdge(settings.timers), LONGSHORE_JOB_SHARDS: String(settings.shards), ...bindings } as unknown as Env;
	}

	/** Loads the product's classes; only after the globals are in place. */
	static async load(kernel: Kernel, settings: WorldSettings, witness: StoreWitness): Promise<EdgeProcess> {
		const source = (path: string): Promise<Record<string, unknown>> => import(new URL(`../../edge/src/${path}.ts`, import.meta.url).href);
		const [jobs, endpoints, regions, ring] = await Promise.all(['job-store', 'endpoint-store', 'region-directory', 'key-ring'].map((name) => source(`stores/${name}`)));
		const [events, claim, heartbeat, usage] = await Promise.all(['events', 'claim', 'heartbeat', 'usage'].map((name) => source(`routes/regions/${name}`)));
		const classes = { JOB_STORE: jobs?.['JobStore'], ENDPOINT_STORE: endpoints?.['EndpointStore'], REGION_DIRECTORY: regions?.['RegionDirectory'], KEY_RING: ring?.['KeyRing'] };
		const verdictsOn = events?.['verdictsOn'] as Door;
		const answersTo = claim?.['answersTo'] as Door;
		return new EdgeProcess(
			kernel,
			settings,
			classes as Record<string, ObjectClass>,
			{
				[EDGE_PATHS.events]: async (...given) => ({ verdicts: await verdictsOn(...given) }),
				[EDGE_PATHS.claim]: async (...given) => ({ results: await answersTo(...given) }),
				[EDGE_PATHS.heartbeat]: heartbeat?.['takeHeartbeat'] as Door,
				[EDGE_PATHS.usage]: usage?.['bookUsage'] as Door,
			},
			witness,
		);
	}

	/** A verified region's call. */
	async serve(region: string, path: string, body: Uint8Array): Promise<{ status: number; text: string }> {
		const door = this.#doors[path];
		if (door === undefined) return { status: 404, text: '{}' };
		try {
			return { status: 200, text: JSON.stringify(await door(this.env, region, body)) };
		} catch (error) {
			const isRefusal = (error as Error).name === 'LongshoreError';
			return { status: isRefusal ? 400 : 500, text: String(error) };
		}
	}

	stub(kind: string, name: string): Stub {
		return (this.env as unknown as Record<string, { getByName(name: string): Stub }>)[kind]?.getByName(name) as Stub;
	}

	cell(kind: string, name: string): DurableCell {
		return this.objects.cell(kind, name, this.#classes[kind] as ObjectClass);
	}

	/** A call that an object makes leaves when what it knows is on disk. */
	outgoing(call: OutgoingCall, road: Road): Promise<LeanResponse> {
		const actor = this.#kernel.current;
		const own = this.objects.cells.get(actor.name);
		return new Promise((resolve, reject) => {
			const send = (): void => void road({ place: this.place, actor }, call).then(resolve, reject);
			call.signal?.addEventListener('abort', () => reject(call.signal?.reason));
			if (own === undefined) send();
			else own.afterCommit(send);
		});
	}

	crash(): void {
		this.actor.die();
		this.objects.die();
	}

	restart(): void {
		this.actor.up = true;
		this.objects.revive();
	}

	freeze(until: number): void {
		this.actor.pausedUntil = until;
		for (const cell of this.objects.cells.values()) cell.actor.pausedUntil = until;
	}
}

function onlyEdge(timers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(timers).filter(([name]) => /RETENTION|REGION_LEASE/.test(name)));
}

/** The answer of a process that serves HTTP. */
export function toResponse(status: number, body: unknown): LeanResponse {
	return new LeanResponse(status, JSON.stringify(body));
}
