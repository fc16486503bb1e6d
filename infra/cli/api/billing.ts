/** The edge's figures of costs: the query that a person's flags make, and the parts of the answers that the command reads. */
import { parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';

/** A row of `GET /v2/billing/serverless`: one bucket of time and one endpoint, worker or GPU type. */
export interface BillRow {
	readonly time: string;
	/** US dollars. */
	readonly amount: number;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	readonly endpointId?: string;
	readonly gpuTypeId?: string;
	readonly podId?: string;
}

/** An entry of `GET /v2/{endpoint}/costs`: one job. */
export interface JobCostRow {
	readonly id: string;
	readonly status: string;
	readonly gpuTypeId: string | null;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	/** US dollars; null: not booked yet. */
	readonly amount: number | null;
	readonly final: boolean;
}

/** What `GET /v2/billing/advice` answers. US dollars; shares of one GPU. */
export interface AdviceAnswer {
	readonly load: { readonly hours: number; readonly overheadPerBusySecond: number; readonly measured: boolean };
	readonly prices: {
		readonly flexPerSecond: number;
		readonly activePerSecond: number | null;
		readonly dedicatedPerHour: number | null;
		readonly gpuPool: string | null;
		readonly source: string;
	};
	readonly utilisation: number;
	readonly busyHoursPerMonth: number;
	readonly perMonth: { readonly flex: number; readonly active: number | null; readonly dedicated: number | null; readonly dedicatedGpus: number };
	readonly breakEven: { readonly active: number | null; readonly dedicated: number | null };
	readonly recommended: 'flex' | 'active' | 'dedicated';
	readonly workersMin: number;
	readonly workersMax: number;
	readonly recommendedTier: string | null;
	readonly tiers: readonly { readonly gpuPool: string; readonly memoryGb: number; readonly flexPerMonth: number }[];
}

/** Words for people and what the API calls them. */
export const GROUPS: Readonly<Record<string, string>> = { endpoint: 'endpointId', worker: 'podId', gpu: 'gpuTypeId' };

/** `7d`, `2026-11-01` (midnight UTC) or a time, as a time in UTC. Throws `UsageError` naming `flag`. */
export function billTimeOf(text: string, flag: string, nowMs: number): string {
	if (!/^\d{4}-/.test(text)) return new Date(nowMs - parseDurationMs(text, flag)).toISOString();
	const at = Date.parse(text);
	if (Number.isNaN(at)) throw new UsageError(`${flag}: ${text} is no time`, 'Give a duration (7d), a date (2026-11-01) or a time (2026-11-01T12:00:00Z)');
	return new Date(at).toISOString();
}

/** A number above 0, or from 0 where that says something. Throws `UsageError`. */
export function numberOf(text: string, flag: string, example: string): string {
	const value = Number(text);
	if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return String(value);
	throw new UsageError(`${flag} must be a number such as ${example}, not "${text}"`);
}
