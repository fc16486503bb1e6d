/**
 * RunPod Serverless' two scalers as its endpoint guide describes them, without the delay of any polling (none is published).
 * Queue delay: the first request of an endpoint without workers adds one; later ones add a worker each once they have waited the delay.
 * Request count: `ceil((requestsInQueue + requestsInProgress) / scalerValue)`. Workers stop after the idle timeout.
 */
import { type RuleInput, type RuleKind, surplusOf } from './rule.ts';

export function runpodQueueDelay(delayS = 4, idleTimeoutS = 5): RuleKind {
	return runpod(`runpod queue delay ${delayS} s`, idleTimeoutS, (input) => wantedByQueueDelay(input, delayS * 1_000), delayS * 1_000);
}

export function runpodRequestCount(scalerValue = 1, idleTimeoutS = 5): RuleKind {
	return runpod(`runpod request count ${scalerValue}`, idleTimeoutS, (input) => wantedByRequestCount(input, scalerValue), null);
}

export function wantedByRequestCount(input: Pick<RuleInput, 'queued' | 'running'>, scalerValue: number): number {
	return Math.ceil((input.queued + input.running) / scalerValue);
}

/** A worker that is starting answers one of the requests that waited too long. */
export function wantedByQueueDelay(input: Pick<RuleInput, 'queued' | 'serving' | 'starting' | 'waitingOver'>, delayMs: number): number {
	if (input.queued === 0) return 0;
	if (input.serving === 0) return 1;
	return input.serving + Math.max(0, input.waitingOver(delayMs) - input.starting);
}

function runpod(name: string, idleTimeoutS: number, wanted: (input: RuleInput) => number, delayMs: number | null): RuleKind {
	return {
		name,
		of: 'runpod',
		create: () => ({
			decide: (input) => {
				const workers = Math.min(input.workersMax, Math.max(input.workersMin, wanted(input)));
				const surplus = surplusOf(input, input.workersMax, workers, idleTimeoutS * 1_000);
				const waits = surplus.recheckInMs === null ? [] : [surplus.recheckInMs];
				// The next request to reach the delay is younger than the oldest one; asking every delay's tenth is near enough to at once.
				if (delayMs !== null && input.queued > 0) waits.push(input.oldestWaitMs < delayMs ? delayMs - input.oldestWaitMs : delayMs / 10);
				return { workers, stops: surplus.stops.map(({ workerId }) => workerId), wakeAtMs: waits.length === 0 ? null : input.nowMs + Math.min(...waits) };
			},
		}),
	};
}
