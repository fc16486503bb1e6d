/** Notices that this process stood still (SIGSTOP, a paused machine): what lay waiting for it meanwhile may be long out of date. Decides nothing. */
import type { Clock } from './clock.ts';

const BEAT_MS = 500;
/** Silence of one's own beat that counts as standing still; well below the 15 s after which a region takes an order without an answer as lost. */
const STANDSTILL_MS = 5_000;
/** What lay waiting is read within this time. */
const CATCH_UP_MS = 1_000;

export interface Standstill {
	/** For how long this process stood still just now, whether it is still catching up; null when it did not. */
	justNowMs(): number | null;
	close(): void;
}

/** Watches from now on. */
export function watchStandstill(clock: Clock): Standstill {
	let beatAtMs = clock.nowMs();
	let stoodMs = 0;
	let caughtUpAtMs = beatAtMs;
	/** Also called before the beat's own turn: messages may be read before timers run. */
	const look = (): void => {
		const nowMs = clock.nowMs();
		const silentMs = nowMs - beatAtMs;
		beatAtMs = nowMs;
		if (silentMs <= STANDSTILL_MS) return;
		stoodMs = silentMs;
		caughtUpAtMs = nowMs + CATCH_UP_MS;
	};
	const beat = setInterval(look, BEAT_MS);
	return {
		justNowMs() {
			look();
			return beatAtMs < caughtUpAtMs ? Math.round(stoodMs) : null;
		},
		close: () => clearInterval(beat),
	};
}
