/** What an endpoint's workers took, stored: their last figures, and what was charged by hour. */
import type { UsageReport } from '@longshore/shared-schema/wire/usage';
import type { BookedWorker } from '../core/job-cost.ts';
import { METERED_SILENT_MS, type MeteredWorker, type PriceKind, rateUsage } from '../core/rate-usage.ts';

const HOUR_MS = 3_600_000;
/** Figures of workers are kept this long after they were last heard of: reports that come later than that would be charged again. */
const WORKERS_KEEP_MS = 7 * 24 * HOUR_MS;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS metered (
	id TEXT PRIMARY KEY, region TEXT NOT NULL, starting REAL NOT NULL, running REAL NOT NULL, idle REAL NOT NULL,
	ended INTEGER NOT NULL, first_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS metered_seen ON metered (seen_at);
CREATE TABLE IF NOT EXISTS usage (
	hour INTEGER NOT NULL, worker TEXT NOT NULL, kind TEXT NOT NULL, region TEXT NOT NULL, data_center TEXT NOT NULL, gpu_type TEXT NOT NULL,
	gpus INTEGER NOT NULL, version INTEGER NOT NULL, starting REAL NOT NULL, running REAL NOT NULL, idle REAL NOT NULL, amount REAL NOT NULL,
	PRIMARY KEY (hour, worker, kind)
) WITHOUT ROWID;`;

/** One worker's time in one hour at one price. Times in milliseconds, `hour` in epoch milliseconds, `amount` in US dollars. */
export interface UsageRow {
	readonly hour: number;
	readonly worker: string;
	readonly kind: PriceKind;
	readonly region: string;
	readonly data_center: string;
	readonly gpu_type: string;
	readonly gpus: number;
	readonly version: number;
	readonly starting: number;
	readonly running: number;
	readonly idle: number;
	readonly amount: number;
}

/** The tables of one endpoint's usage. */
export class UsageTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Charges what a report tells beyond what is stored. Call it in one transaction. */
	add(region: string, report: UsageReport, prices: Readonly<Record<PriceKind, number>>, workersMin: number, now: number): void {
		const named = report.workers.map(({ id }) => id);
		const known = this.#known(region, named, now);
		const { charges, workers } = rateUsage({ region, workers: report.workers, known, workersMin, prices, now });
		const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
		for (const { workerId, kind, startingMs, runningMs, idleMs, amount } of charges) {
			const worker = report.workers.find(({ id }) => id === workerId);
			this.#sql.exec(
				`INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				 ON CONFLICT DO UPDATE SET starting = starting + excluded.starting, running = running + excluded.running, idle = idle + excluded.idle, amount = amount + excluded.amount`,
				...[hour, workerId, kind, region, report.dataCenterId, report.gpuType, worker?.gpus ?? 0, worker?.version ?? 1, startingMs, runningMs, idleMs, amount],
			);
		}
		for (const worker of workers) {
			this.#sql.exec(
				'INSERT OR REPLACE INTO metered VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
				...[worker.id, worker.region, worker.startingMs, worker.runningMs, worker.idleMs, worker.ended ? 1 : 0, worker.firstAt, worker.seenAt],
			);
		}
		this.#sql.exec('DELETE FROM metered WHERE seen_at < ?', now - WORKERS_KEEP_MS);
	}

	/** Rows of hours that begin in `[from, to)`, oldest first. */
	rows(from: number, to: number): UsageRow[] {
		return [
			...this.#sql.exec<Record<keyof UsageRow, SqlStorageValue>>('SELECT * FROM usage WHERE hour >= ? AND hour < ? ORDER BY hour, worker, kind', from, to),
		] as unknown as UsageRow[];
	}

	/** All that was booked of these workers; one of which nothing is known (any more) is left out. */
	booked(workers: readonly string[]): BookedWorker[] {
		const names = JSON.stringify(workers);
		const metered = this.#sql.exec<{ id: string; first_at: number; ended: number }>('SELECT id, first_at, ended FROM metered WHERE id IN (SELECT value FROM json_each(?))', names);
		const endedOf = new Map<string, boolean>();
		let from = Number.POSITIVE_INFINITY;
		for (const { id, first_at, ended } of metered) {
			endedOf.set(id, ended === 1);
			from = Math.min(from, first_at - HOUR_MS);
		}
		if (endedOf.size === 0) return [];
		const rows = this.rows(from, Number.MAX_SAFE_INTEGER).filter(({ worker }) => endedOf.has(worker));
		return [...Map.groupBy(rows, ({ worker }) => worker)].flatMap(([worker, own]) => toBooked(worker, own, endedOf.get(worker) ?? false));
	}

	#known(region: string, named: readonly string[], now: number): MeteredWorker[] {
		const rows = this.#sql.exec<{ id: string; region: string; starting: number; running: number; idle: number; ended: number; first_at: number; seen_at: number }>(
			'SELECT * FROM metered WHERE (region = ? AND ended = 0 AND seen_at > ?) OR id IN (SELECT value FROM json_each(?))',
			region,
			now - METERED_SILENT_MS,
			JSON.stringify(named),
		);
		return [...rows].map((row) => ({
			id: row.id,
			region: row.region,
			startingMs: row.starting,
			runningMs: row.running,
			idleMs: row.idle,
			ended: row.ended === 1,
			firstAt: row.first_at,
			seenAt: row.seen_at,
		}));
	}
}

function toBooked(worker: string, rows: readonly UsageRow[], ended: boolean): BookedWorker[] {
	const last = rows.at(-1);
	if (last === undefined) return [];
	const sum = (part: 'starting' | 'running' | 'idle' | 'amount'): number => rows.reduce((total, row) => total + row[part], 0);
	return [
		{
			worker,
			gpuType: last.gpu_type,
			dataCenter: last.data_center,
			gpus: last.gpus,
			kind: rows.every(({ kind }) => kind === last.kind) ? last.kind : 'mixed',
			startingMs: sum('starting'),
			runningMs: sum('running'),
			idleMs: sum('idle'),
			amount: sum('amount'),
			ended,
		},
	];
}
