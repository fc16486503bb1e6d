/** The durations that the job machine works with, all in milliseconds. */
export interface JobTimers {
	readonly retentionAsyncMs: number;
	readonly retentionSyncMs: number;
	readonly startWithinMs: number;
	readonly dispatchConfirmMs: number;
	readonly sweepMs: number;
	readonly watchdogGraceMs: number;
	/** How often a running job's region and host are looked at. */
	readonly leaseCheckMs: number;
}
