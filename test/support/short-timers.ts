/** Leases, sweeps and graces short enough for a test, in the same relations as the production defaults. */

/** Relations that hold here too: agent lease + kill grace < host lease < fence < region lease; start-within < region lease. */
export const SHORT_TIMERS: Readonly<Record<string, string>> = {
	LONGSHORE_HOST_REPORT_MS: '500',
	LONGSHORE_AGENT_LEASE_MS: '4000',
	LONGSHORE_HOST_LEASE_MS: '6000',
	LONGSHORE_REGION_HEARTBEAT_MS: '500',
	LONGSHORE_REGION_FENCE_MS: '15000',
	LONGSHORE_KILL_GRACE_MS: '500',
	LONGSHORE_STOP_GRACE_MS: '2000',
	LONGSHORE_EVENT_RETRY_MS: '2000',
	LONGSHORE_START_WITHIN_MS: '8000',
	LONGSHORE_DISPATCH_CONFIRM_MS: '3000',
	LONGSHORE_SWEEP_MS: '3000',
	LONGSHORE_REGION_LEASE_MS: '20000',
	LONGSHORE_WATCHDOG_GRACE_MS: '3000',
};
