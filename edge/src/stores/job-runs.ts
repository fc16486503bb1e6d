/** Which jobs workers had in hand, read from the kept rows when somebody asks what jobs cost. */
import { COST_ROWS_LOOKED_AT } from '@longshore/shared-schema/limits';
import type { JobRun } from '../core/job-cost.ts';

/** Whose runs are looked for: of these workers, not over before `sinceMs`, in rows around `near`; null: the newest rows. */
export interface RunQuery {
	readonly workers: readonly string[];
	readonly sinceMs: number;
	readonly near: string | null;
}

const RUNS = `SELECT id, worker_id, started_at, COALESCE(execution_ms, ended_at - started_at, ?1 - started_at) AS run_ms FROM jobs
	WHERE n > ?2 AND n <= ?3 AND started_at IS NOT NULL AND started_at + COALESCE(execution_ms, ended_at - started_at, ?1 - started_at) >= ?4 AND worker_id IN (SELECT value FROM json_each(?5))`;

/** A run that goes on counts up to `now`. */
export function runsOf(sql: SqlStorage, { workers, sinceMs, near }: RunQuery, now: number): JobRun[] {
	const last = sql.exec<{ n: number | null }>('SELECT MAX(n) AS n FROM jobs').one().n ?? 0;
	const [own] = near === null ? [] : sql.exec<{ n: number }>('SELECT n FROM jobs WHERE id = ?', near);
	const upTo = Math.min(last, own === undefined ? last : own.n + COST_ROWS_LOOKED_AT / 2);
	const rows = sql.exec<{ id: string; worker_id: string; started_at: number; run_ms: number }>(RUNS, now, upTo - COST_ROWS_LOOKED_AT, upTo, sinceMs, JSON.stringify(workers));
	return [...rows].map((row) => ({ id: row.id, worker: row.worker_id, fromMs: row.started_at, runMs: Math.max(0, row.run_ms) }));
}
