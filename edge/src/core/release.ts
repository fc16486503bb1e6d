/** Which changes of a specification need new workers (a release) and which apply in place. Pure. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';

/** Source: RunPod's rolling releases: scaling, time-outs and the name apply in place, anything else rolls. */
const IN_PLACE: ReadonlySet<keyof EndpointSpec> = new Set([
	'name',
	'workersMin',
	'workersMax',
	'idleTimeoutS',
	'scaling',
	'executionTimeoutMs',
	'ttlMs',
	'retriesMax',
	'flashboot',
	'webhookProfile',
	'fallbackOrder',
]);

/** Whether workers of the old specification are outdated under the new one. */
export function needsNewWorkers(before: EndpointSpec, after: EndpointSpec): boolean {
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof EndpointSpec)[];
	return names.some((name) => !IN_PLACE.has(name) && textOf(before[name]) !== textOf(after[name]));
}

/** The specification that brings the workers of `earlier` back. What applies in place stays as it is now: a bad image is no reason to scale as last year. */
export function rolledBack(current: EndpointSpec, earlier: EndpointSpec): EndpointSpec {
	const kept = Object.fromEntries(Object.entries(current).filter(([name]) => IN_PLACE.has(name as keyof EndpointSpec)));
	const { webhookProfile: _, ...released } = earlier;
	return { ...released, ...kept };
}

/** Variables in another order are the same variables. */
function textOf(value: EndpointSpec[keyof EndpointSpec]): string {
	const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
	return JSON.stringify(isRecord ? Object.entries(value).sort() : value);
}
