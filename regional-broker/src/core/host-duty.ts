/** What a host must be told so that it does the duty that the operator gave it. */

/** `open`: works. `cordoned`: starts no workers, those that are there work on. `drained`: takes nothing, idle workers end, busy ones finish first. */
export type HostDuty = 'open' | 'cordoned' | 'drained';

export interface DutyHost {
	/** Whether the host itself says that it takes nothing. */
	readonly draining: boolean;
	readonly workers: readonly { readonly id: string; readonly phase: string }[];
}

export interface DutyOrders {
	/** Whether the host is to drain; null: it already does as it should. */
	readonly drain: boolean | null;
	/** Workers to stop; each ends its jobs first. */
	readonly stop: readonly string[];
}

/** Orders for one host as its last report shows it. */
export function dutyOrders(duty: HostDuty, host: DutyHost): DutyOrders {
	const drains = duty === 'drained';
	return {
		drain: host.draining === drains ? null : drains,
		stop: drains ? host.workers.filter(({ phase }) => phase !== 'draining' && phase !== 'exited').map(({ id }) => id) : [],
	};
}
