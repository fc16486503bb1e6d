/** What an endpoint's workers took, stored: their last figures, and what was charged by hour. */
import type { UsageReport } from '@longshore/shared-schema/wire/usage';
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
