/** Holds a long poll open: answered at the end of its time or when its worker is to go. */
import type { BridgeCall } from './call.ts';

/** Spread of hold times, in steps so that timers of equal length share a list. */
const JITTER_STEPS = 8;
const JITTER_SHARE = 0.2;
/** A poll of a worker that was told to end is held only this long: it must be able to go, but may not spin. */
const ENDING_HOLD_MS = 250;

/** A poll that is being held. */
export interface Held {
	/** Answers it with nothing, now. */
	release(): void;
	/** It is answered in another way. */
	end(): void;
}

/** `expire` runs at most once: after the hold time (jittered downwards) or at `release`. */
export function hold(call: BridgeCall, expire: () => void): Held {
	const step = Math.floor(call.host.random() * JITTER_STEPS) / JITTER_STEPS;
	const fullMs = call.timers.holdMs * (1 - JITTER_SHARE * step);
	let open = true;
	const release = (): void => {
		if (!open) return;
		open = false;
		clearTimeout(timer);
		expire();
	};
	const timer = setTimeout(release, call.worker.terminating ? Math.min(ENDING_HOLD_MS, fullMs) : fullMs);
	return {
		release,
		end() {
			open = false;
			clearTimeout(timer);
		},
	};
}
