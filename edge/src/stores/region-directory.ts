/**
 * The regions: keys and addresses, lost host boots (stored), grants of every endpoint (stored copy), live figures from heartbeats (memory).
 * It answers heartbeats with what a region lacks and tells stores when regions come and go. It may not decide about jobs.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import type { EndpointGrant, EndpointPush, HostFigure, RegionHeartbeat, WorkerCounts } from '@longshore/shared-schema/wire/region';
import { REGION_PATHS } from '@longshore/shared-schema/wire/region';
import type { PlacementObstacle } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { EndpointRoutes } from '@longshore/shared-schema/wire/route';
import { allocateGrants } from '../core/allocate-grants.ts';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { RegionCapacity } from '../core/grant-units.ts';
import { placementObstacles } from '../core/placement-obstacles.ts';
import { planMoves } from '../core/plan-moves.ts';
import { addCounts, capacityPrint, grantOf, NO_WORKERS, routesOf } from '../core/region-figures.ts';
import { placedOf } from '../core/supply.ts';
import { type Env, settingsOf } from '../env.ts';
import { logError, logInfo } from '../log.ts';
import { postJsonToRegion } from '../regions/region-client.ts';
import { fillGrant } from '../secrets/fill-grant.ts';
import { sealerOf } from '../secrets/sealer-of.ts';
import { CatalogTable } from './catalog-table.ts';
import { type CapacityView, readRecord } from './endpoint-store.ts';
import { SILENT_MS_MAX } from './job-dispatcher.ts';
import { LostBoots } from './lost-boots.ts';
import { RegionUses } from './region-uses.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS regions (id TEXT PRIMARY KEY, url TEXT NOT NULL, public_key TEXT NOT NULL, hosts TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS endpoints (id TEXT PRIMARY KEY, record TEXT NOT NULL);
`;
const PUSH_TIMEOUT_MS = 5_000;
/** The stores hear of changed shares this much later at most. */
const PUSH_WAIT_MS = 500;
/** Endpoints whose shares are changed at one time. */
const REALLOCATE_AT_ONCE = 32;
/** Endpoints whose shares are looked over after one heartbeat: the rest come with the next. */
const REBALANCE_MAX = 100;
/** A host that is missing from heartbeats still counts as capacity for this long: a restarted broker knows its hosts only after a moment. */
const HOST_HOLD_MS = 60_000;
/** Results that survived a lost host may come this much later than the news of its loss. */
const LOST_BOOT_GRACE_MS = 3_000;

/** What is stored of a region. */
export interface RegionEntry {
	readonly id: string;
	readonly url: string;
	/** Ed25519, base64 of SPKI DER. */
	readonly publicKey: string;
}

/** The catalogue and the hosts that there are. */
export interface Outlook {
	readonly catalog: Catalog;
	readonly hosts: readonly HostFigure[];
}

/** A region's live figures. */
export interface RegionLive {
	/** Of the last heartbeat, or of this object's start: a restart of the edge gives every region its lease anew. */
	readonly seenAt: number;
	readonly heartbeat: RegionHeartbeat | null;
}

/** Durable Object, one for all regions, named `all`. */
export class RegionDirectory extends DurableObject<Env> {
	readonly #sql: SqlStorage;
	readonly #startedAt = Date.now();
	readonly #live = new Map<string, RegionLive>();
	readonly #lostBoots: LostBoots;
	readonly #catalog: CatalogTable;
	readonly #uses = new RegionUses();
	/** `<endpoint>/<region>` whose last heartbeat asked for jobs to move. */
	readonly #movesSeen = new Set<string>();
	readonly #regions = new Map<string, RegionEntry>();
	readonly #endpoints = new Map<string, EndpointRecord>();
	readonly #prints = new Map<string, string>();
	readonly #hosts = new Map<string, Map<string, { figure: HostFigure; seenAt: number }>>();
	/** Shares are being looked over; `again` when something came up meanwhile. */
	#balancing: 'no' | 'yes' | 'again' = 'no';

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec(SCHEMA);
		this.#lostBoots = new LostBoots(ctx.storage.sql);
		this.#catalog = new CatalogTable(ctx.storage.sql);
		for (const row of this.#sql.exec<{ id: string; url: string; public_key: string; hosts: string }>('SELECT id, url, public_key, hosts FROM regions')) {
			this.#regions.set(row.id, { id: row.id, url: row.url, publicKey: row.public_key });
			this.#seeHosts(row.id, JSON.parse(row.hosts) as HostFigure[]);
			this.#prints.set(row.id, capacityPrint(this.#hostsOf(row.id)));
		}
		for (const { record } of this.#sql.exec<{ record: string }>('SELECT record FROM endpoints')) this.#remember(readRecord(record));
	}

	/** Adds a region or changes its address or key. */
	registerRegion(entry: RegionEntry): void {
		this.#sql.exec(
			'INSERT INTO regions (id, url, public_key) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET url = excluded.url, public_key = excluded.public_key',
			entry.id,
			entry.url,
			entry.publicKey,
		);
		this.#regions.set(entry.id, entry);
		void this.ctx.storage.setAlarm(Date.now() + this.#checkMs());
	}

	/** A region's address and key; null for an unknown one. */
	region(id: string): RegionEntry | null {
		return this.#regions.get(id) ?? null;
	}

	/** All regions with their live figures, for operators. */
	list(): { entry: RegionEntry; silentMs: number; heartbeat: RegionHeartbeat | null }[] {
		return [...this.#regions.values()].map((entry) => ({ entry, silentMs: this.#silentMs(entry.id), heartbeat: this.#live.get(entry.id)?.heartbeat ?? null }));
	}

	/** Takes a heartbeat in and answers with what the region lacks. */
	heartbeat(region: string, heartbeat: RegionHeartbeat): EndpointPush {
		this.#live.set(region, { seenAt: Date.now(), heartbeat });
		const lost = this.#lostBoots.hear(heartbeat, Date.now());
		if (lost.length > 0) this.ctx.waitUntil(this.#announceLost(region, lost));
		this.#seeHosts(region, heartbeat.hosts);
		const news = this.#uses.hear(region, heartbeat, Date.now());
		if (this.#hasChanged(region)) this.ctx.waitUntil(this.#reallocateAll());
		else if (news) this.ctx.waitUntil(this.#rebalance());
		this.#moveJobs(region, heartbeat);
		return this.#lackOf(region, heartbeat);
	}

	/** Remembers an endpoint's grants and gives them to their regions at once; what fails here, the next heartbeat mends. */
	async putEndpoint(record: EndpointRecord): Promise<void> {
		const before = this.#endpoints.get(record.id);
		if (before !== undefined && before.revision >= record.revision) return;
		this.#sql.exec('INSERT INTO endpoints (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record', record.id, JSON.stringify(record));
		this.#remember(record);
		const regions = new Set([...record.shares, ...(before?.shares ?? [])].map(({ region }) => region));
		const pushed = Promise.all([...regions].map((region) => this.#push(region, record)));
		this.ctx.waitUntil(pushed);
		// A region that hangs must not hold up the news for the others.
		await Promise.race([pushed, scheduler.wait(PUSH_WAIT_MS)]);
		await this.#wakeStores(record);
	}

	/** Takes an endpoint's grants back everywhere. */
	async removeEndpoint(id: string): Promise<void> {
		const record = this.#endpoints.get(id);
		this.#sql.exec('DELETE FROM endpoints WHERE id = ?', id);
		this.#endpoints.delete(id);
		await Promise.all((record?.shares ?? []).map(({ region }) => this.#post(region, { endpoints: [], removed: [id] })));
	}

	/** What the regions could run, and what they say of the endpoint. */
	capacityFor(endpointId: string): CapacityView {
		return { regions: this.capacity(), uses: this.#uses.of(endpointId, Date.now()) };
	}

	/** The catalogue that holds now. */
	catalog(): Catalog {
		return this.#catalog.get();
	}

	/** Replaces the catalogue; null: back to the one that comes with the edge. */
	setCatalog(value: Catalog | null): void {
		this.#catalog.set(value);
	}

	/** What endpoints are judged and shown by: the catalogue, and every host heard of since this object's start, cut-off ones included. */
	outlook(): Outlook {
		return { catalog: this.#catalog.get(), hosts: [...this.#hosts.values()].flatMap((seen) => [...seen.values()].map(({ figure }) => figure)) };
	}

	/** What the regions could run. */
	capacity(): RegionCapacity[] {
		const leaseMs = settingsOf(this.env).LONGSHORE_REGION_LEASE_MS;
		return [...this.#regions.keys()].map((region) => ({ region, alive: this.#silentMs(region) <= leaseMs, hosts: this.#hostsOf(region) }));
	}

	/** The regions of an endpoint as its JobStores see them. */
	routes(endpointId: string): EndpointRoutes {
		const record = this.#endpoints.get(endpointId);
		const silentMsOf = (region: string): number => this.#silentMs(region);
		return routesOf(record ?? null, this.#regions, this.#live, silentMsOf, this.#lostBoots.list());
	}

	/** What keeps an endpoint off every host; empty while some host may run it. */
	obstacles(endpointId: string): PlacementObstacle[] {
		const record = this.#endpoints.get(endpointId);
		return record === undefined ? [] : placementObstacles(record, this.capacity());
	}

	/** An endpoint's workers over all regions. */
	workers(endpointId: string): WorkerCounts {
		const leaseMs = settingsOf(this.env).LONGSHORE_REGION_LEASE_MS;
		return [...this.#live]
			.filter(([region]) => this.#silentMs(region) <= leaseMs)
			.map(([, { heartbeat }]) => heartbeat?.endpoints[endpointId]?.workers ?? NO_WORKERS)
			.reduce(addCounts, NO_WORKERS);
	}

	/** A load-balanced endpoint's workers and requests over all regions. */
	traffic(endpointId: string): { workers: WorkerCounts; inFlight: number; waiting: number } {
		const said = [...this.#live.values()].flatMap(({ heartbeat }) => heartbeat?.endpoints[endpointId]?.requests ?? []);
		const sum = (of: 'inFlight' | 'waiting'): number => said.reduce((total, requests) => total + requests[of], 0);
		return { workers: this.workers(endpointId), inFlight: sum('inFlight'), waiting: sum('waiting') };
	}

	/** Looks for regions that fell silent past their lease or came back. */
	override async alarm(): Promise<void> {
		try {
			const changed = [...this.#regions.keys()].filter((region) => this.#hasChanged(region));
			if (changed.length > 0) await this.#reallocateAll();
		} catch (error) {
			logError('region check failed', error);
		}
		if (this.#regions.size > 0) await this.ctx.storage.setAlarm(Date.now() + this.#checkMs());
	}

	#checkMs(): number {
		return Math.max(250, settingsOf(this.env).LONGSHORE_REGION_LEASE_MS / 8);
	}

	/** Compares a region's capacity with what was last shared out, and stores the new one. */
	#hasChanged(region: string): boolean {
		const alive = this.#silentMs(region) <= settingsOf(this.env).LONGSHORE_REGION_LEASE_MS;
		const hosts = this.#hostsOf(region);
		const print = alive ? capacityPrint(hosts) : 'gone';
		if (this.#prints.get(region) === print) return false;
		this.#prints.set(region, print);
		logInfo(alive ? 'capacity changed' : 'region given up', { region, hosts: hosts.length });
		if (alive) this.#sql.exec('UPDATE regions SET hosts = ? WHERE id = ?', JSON.stringify(hosts), region);
		return true;
	}

	#seeHosts(region: string, figures: readonly HostFigure[]): void {
		const seen = this.#hosts.get(region) ?? new Map<string, { figure: HostFigure; seenAt: number }>();
		for (const figure of figures) seen.set(figure.id, { figure, seenAt: Date.now() });
		this.#hosts.set(region, seen);
	}

	#hostsOf(region: string): HostFigure[] {
		const seenAtLast = this.#live.get(region)?.seenAt ?? 0;
		return [...(this.#hosts.get(region)?.values() ?? [])]
			.filter(({ seenAt }) => Date.now() - seenAt <= HOST_HOLD_MS)
			.map(({ figure, seenAt }) => (seenAt < seenAtLast ? { ...figure, gpusFree: 0 } : figure));
	}

	#remember(record: EndpointRecord): void {
		this.#endpoints.set(record.id, record);
	}

	#silentMs(region: string): number {
		return Date.now() - (this.#live.get(region)?.seenAt ?? this.#startedAt);
	}

	#lackOf(region: string, heartbeat: RegionHeartbeat): EndpointPush {
		const endpoints = [...this.#endpoints.values()]
			.filter(({ id, revision }) => (heartbeat.endpoints[id]?.revision ?? 0) < revision)
			.flatMap((record) => this.#grant(record, region) ?? []);
		const removed = Object.keys(heartbeat.endpoints).filter((id) => {
			const record = this.#endpoints.get(id);
			return record === undefined || grantOf(record, region) === null;
		});
		return { endpoints, removed };
	}

	async #reallocateAll(): Promise<void> {
		await this.#reallocateEach([...this.#endpoints.keys()]);
	}

	/** Looks at the endpoints whose shares are on the move, away from home or of no use where they are, after each news of a region. */
	async #rebalance(): Promise<void> {
		if (this.#balancing !== 'no') {
			this.#balancing = 'again';
			return;
		}
		try {
			do {
				this.#balancing = 'yes';
				const regions = this.capacity();
				const ids = this.#unsettled().slice(0, REBALANCE_MAX);
				await this.#reallocateEach(ids.filter((id) => this.#wouldChange(id, regions)));
			} while (this.#againAsked());
		} finally {
			this.#balancing = 'no';
		}
	}

	#againAsked(): boolean {
		return this.#balancing === 'again';
	}

	#unsettled(): string[] {
		const isUnsettled = ({ id, shares, away }: EndpointRecord): boolean => away === true || shares.some(({ since }) => since !== undefined) || this.#uses.isBlocked(id);
		return [...this.#endpoints.values()].filter(isUnsettled).map(({ id }) => id);
	}

	#wouldChange(id: string, regions: readonly RegionCapacity[]): boolean {
		const record = this.#endpoints.get(id);
		if (record === undefined) return false;
		return JSON.stringify(allocateGrants(placedOf(record), record.shares, regions, this.#uses.of(id, Date.now()), record.revision + 1)) !== JSON.stringify(record.shares);
	}

	/** Tells the stores of endpoints whose jobs wait here while another region could start them. Two heartbeats must agree: figures cross jobs that are on their way. */
	#moveJobs(region: string, heartbeat: RegionHeartbeat): void {
		const limits = { leaseMs: settingsOf(this.env).LONGSHORE_REGION_LEASE_MS, silentMsMax: SILENT_MS_MAX };
		for (const [id, { queued }] of Object.entries(heartbeat.endpoints)) {
			const record = queued > 0 ? this.#endpoints.get(id) : undefined;
			const due = record !== undefined && planMoves(this.routes(id).regions, limits).some(({ from }) => from === region);
			const key = `${id}/${region}`;
			if (!due) this.#movesSeen.delete(key);
			else if (this.#movesSeen.has(key)) this.ctx.waitUntil(this.#wakeStores(record));
			else this.#movesSeen.add(key);
		}
	}

	async #reallocateEach(ids: readonly string[]): Promise<void> {
		for (let at = 0; at < ids.length; at += REALLOCATE_AT_ONCE) await Promise.all(ids.slice(at, at + REALLOCATE_AT_ONCE).map((id) => this.#reallocate(id)));
	}

	async #reallocate(id: string): Promise<void> {
		await this.env.ENDPOINT_STORE.getByName(id)
			.reallocate(this.capacityFor(id))
			.catch((error: unknown) => logError('endpoint not reallocated', error, { endpoint: id }));
	}

	async #announceLost(region: string, boots: readonly string[]): Promise<void> {
		for (const record of this.#endpoints.values()) {
			if (!record.shares.some((share) => share.region === region)) continue;
			await this.#eachStore(record, (store) => store.bootsLost(boots, LOST_BOOT_GRACE_MS));
		}
	}

	async #wakeStores(record: EndpointRecord): Promise<void> {
		if (record.shares.length > 0) await this.#eachStore(record, (store) => store.regionsChanged(record.shards));
	}

	async #eachStore(record: EndpointRecord, call: (store: DurableObjectStub<import('./job-store.ts').JobStore>) => Promise<void>): Promise<void> {
		for (let shard = 0; shard < record.shards; shard++) {
			await call(this.env.JOB_STORE.getByName(`${record.id}/${shard}`)).catch((error: unknown) => logError('job store not told', error, { endpoint: record.id }));
		}
	}

	/** The region's grant with secrets filled in; null when it has no share, or when they do not open: a worker without its secrets is worse than none. */
	#grant(record: EndpointRecord, region: string): EndpointGrant | null {
		const grant = grantOf(record, region);
		if (grant === null || record.supply === undefined) return grant;
		try {
			return fillGrant(grant, record.supply, sealerOf(this.env));
		} catch (error) {
			logError('secrets of an endpoint do not open: is LONGSHORE_SEAL_KEY the one that sealed them?', error, { endpoint: record.id });
			return null;
		}
	}

	async #push(region: string, record: EndpointRecord): Promise<void> {
		// One that was given up hears of it with the answer to its first heartbeat.
		if (this.#silentMs(region) > settingsOf(this.env).LONGSHORE_REGION_LEASE_MS) return;
		const grant = this.#grant(record, region);
		await this.#post(region, grant === null ? { endpoints: [], removed: [record.id] } : { endpoints: [grant], removed: [] });
	}

	async #post(region: string, push: EndpointPush): Promise<void> {
		const entry = this.#regions.get(region);
		if (entry === undefined) return;
		await postJsonToRegion(this.env, entry.url, REGION_PATHS.endpoints, push, PUSH_TIMEOUT_MS).catch((error: unknown) => logError('grants not pushed', error, { region }));
	}
}
