/** What one release changed against the one before, by REST v2's field names. */
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { settingsV2 } from './endpoint-show.ts';

/** One changed field; null: it was not there before, or is not any more. */
export interface ReleaseDiffEntry {
	readonly field: string;
	readonly old: unknown;
	readonly new: unknown;
}

/** Fields with another value, in the order in which an endpoint shows them; members of objects by themselves (`gpu.pools`, `env.NAME`). */
export function diffSpecs(before: EndpointSpec, after: EndpointSpec): ReleaseDiffEntry[] {
	return diffSettings(settingsV2(before), settingsV2(after));
}

/** The same of settings as REST v2 shows them. */
export function diffSettings(before: object, after: object): ReleaseDiffEntry[] {
	const [old, now] = [flatten(before), flatten(after)];
	const fields = new Set([...old.keys(), ...now.keys()]);
	return [...fields].flatMap((field) => {
		const entry = { field, old: old.get(field) ?? null, new: now.get(field) ?? null };
		return JSON.stringify(entry.old) === JSON.stringify(entry.new) ? [] : [entry];
	});
}

function flatten(settings: object): Map<string, unknown> {
	const flat = new Map<string, unknown>();
	for (const [name, value] of Object.entries(settings)) {
		if (typeof value !== 'object' || value === null || Array.isArray(value)) flat.set(name, value);
		else for (const [member, inner] of Object.entries(value)) flat.set(`${name}.${member}`, inner);
	}
	return flat;
}
