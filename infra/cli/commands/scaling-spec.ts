/** The flags that say how an endpoint scales, and the `scaling` member that they make. */
import type { EndpointView } from '../api/endpoints.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';

const QUEUE_DELAY_DEFAULT_S = 4;

export interface ScalingFlags {
	readonly queueDelay?: string;
	readonly requestCount?: string;
	readonly anticipate?: string | boolean;
	readonly spareWorkers?: string;
}

/** Undefined when no flag speaks of it. `current`: the endpoint that an update changes; the delay and the anticipation that it has stay unless named. */
export function scalingOf({ queueDelay, requestCount, anticipate, spareWorkers }: ScalingFlags, current: EndpointView | undefined): object | undefined {
	const given = [queueDelay, anticipate, spareWorkers].some((flag) => flag !== undefined);
	if (requestCount !== undefined) {
		if (given) throw new UsageError('--request-count cannot be given with --queue-delay, --anticipate or --spare-workers: an endpoint scales by one of them');
		return { type: 'REQUEST_COUNT', requestCount: numberOf(requestCount, '--request-count', 10_000, true) };
	}
	if (!given) return undefined;
	const before = current?.scaling?.type === 'QUEUE_DELAY' ? current.scaling : undefined;
	const delayS = queueDelay === undefined ? (before?.queueDelay ?? QUEUE_DELAY_DEFAULT_S) : parseDurationMs(queueDelay, '--queue-delay') / 1_000;
	const wish = anticipationOf(anticipate, spareWorkers, before?.anticipate);
	return { type: 'QUEUE_DELAY', queueDelay: delayS, ...(wish === undefined ? {} : { anticipate: wish }) };
}

function anticipationOf(anticipate: string | boolean | undefined, spareWorkers: string | undefined, before: object | undefined): object | undefined {
	if (anticipate === false) return undefined;
	if (anticipate === undefined && spareWorkers === undefined) return before;
	return {
		...before,
		...(typeof anticipate === 'string' ? { patience: numberOf(anticipate, '--anticipate', 1, false) } : {}),
		...(spareWorkers === undefined ? {} : { spareWorkers: numberOf(spareWorkers, '--spare-workers', 100, true) }),
	};
}

function numberOf(text: string, flag: string, max: number, isWhole: boolean): number {
	const value = Number(text);
	if (text.trim() !== '' && value >= 0 && value <= max && (!isWhole || Number.isInteger(value))) return value;
	throw new UsageError(`${flag} must be a ${isWhole ? 'whole number' : 'number'} from 0 to ${max}, not "${text}"`);
}
