/** Takes events that the edge has settled out of the region's stream: they quote what workers gave, and nobody needs them any more. */
import type { Bus } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';

/** The shorter retention, that of `/runsync`: what is settled stays in the region no longer than its result at the edge. */
const EVERY_MS = 60_000;

export interface Forgetting {
	stop(): void;
}

/** Any broker of the region may do it, and it does not matter how many do. A failure is made good the next time. */
export function forgetSettled(bus: Bus, log: Log, everyMs: number = EVERY_MS): Forgetting {
	const timer = setInterval(() => {
		if (!bus.isReady()) return;
		bus.purgeSettledEvents().catch((error: unknown) => log.warn('settled events not purged', { error: errorText(error) }));
	}, everyMs);
	return { stop: () => clearInterval(timer) };
}
