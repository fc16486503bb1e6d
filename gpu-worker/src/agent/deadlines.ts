/** Runs many deadlines on one timer. */
import { createDeadlineQueue } from '../core/deadline-queue.ts';
import type { Clock } from './clock.ts';

/** Longest time that a Node timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Deadlines {
	start(key: string, lengthMs: number): void;
	clear(key: string): void;
	/** Stops the timer for good. */
	close(): void;
}

/** `ended` gets each key whose time is up. */
export function createDeadlines(clock: Clock, ended: (key: string) => void): Deadlines {
	const queue = createDeadlineQueue();
	let timer: NodeJS.Timeout | null = null;
	let timerAtMs = Number.POSITIVE_INFINITY;
	const arm = (): void => {
		const nextAtMs = queue.nextAtMs();
		if (nextAtMs === null || nextAtMs >= timerAtMs) return;
		if (timer !== null) clearTimeout(timer);
		timerAtMs = nextAtMs;
		timer = setTimeout(fire, Math.min(TIMER_MS_MAX, Math.max(1, Math.ceil(nextAtMs - clock.nowMs()))));
		timer.unref();
	};
	const fire = (): void => {
		timer = null;
		timerAtMs = Number.POSITIVE_INFINITY;
		for (const key of queue.takeEnded(clock.nowMs())) ended(key);
		arm();
	};
	return {
		start(key, lengthMs) {
			queue.add(key, lengthMs, clock.nowMs());
			arm();
		},
		// The timer stays: it finds nothing to do and arms itself for what is left.
		clear: (key) => queue.remove(key),
		close() {
			if (timer !== null) clearTimeout(timer);
			timerAtMs = Number.NEGATIVE_INFINITY;
		},
	};
}
