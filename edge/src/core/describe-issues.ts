/** What is wrong with a body, in words: the field, the bound, and the nearest known name for one that is not known. Pure. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import type * as z from 'zod';

/** One sentence a problem, `field: what`. `body` is what was parsed, so that a wrong choice can be named. */
export function describeIssues(error: z.ZodError, schema: z.ZodType, body: unknown): string[] {
	return error.issues.flatMap((issue) => describe(issue, schema, body));
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, body: unknown): string[] {
	const at = issue.path.map(String);
	const field = at.join('.') || 'body';
	if (issue.code === 'unrecognized_keys') {
		const known = namesAt(schema, at);
		return issue.keys.map((key) => `${[...at, key].join('.')}: unknown field${suggestion(key, known)}`);
	}
	if (issue.code === 'invalid_union' && issue.errors.length > 0 && 'discriminator' in issue === false) {
		const nearest = issue.errors.reduce((best, errors) => (errors.length < best.length ? errors : best));
		return nearest.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, schema, body));
	}
	if (issue.code === 'invalid_value') {
		const given = valueAt(body, at);
		const choices = issue.values.map(String);
		const near = typeof given === 'string' ? suggestion(given, choices) : '';
		const shown = typeof given === 'string' ? `"${given.slice(0, 80)}" is not one of` : 'must be one of';
		return [given === undefined ? `${field}: is missing: choose among ${choices.join(', ')}` : `${field}: ${shown} ${choices.join(', ')}${near}`];
	}
	if (issue.code === 'invalid_type' && valueAt(body, at) === undefined) {
		// zod's word for a member that a derived schema made mandatory: it says nothing about the member's type.
		return [issue.expected === 'nonoptional' ? `${field}: is missing` : `${field}: is missing: give ${article(issue.expected)}`];
	}
	if (issue.code === 'invalid_key') return [`${field}: ${issue.issues.map(({ message }) => message).join(', ') || issue.message}`];
	return [`${field}: ${issue.message}`];
}

function article(expected: string): string {
	return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function valueAt(body: unknown, path: readonly string[]): unknown {
	let value = body;
	for (const name of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
	return value;
}

/** Known members of the object at `path`; those of every variant where there are several. */
function namesAt(schema: z.ZodType, path: readonly string[]): string[] {
	let layer = [schema];
	for (const name of path)
		layer = layer
			.flatMap(objectsOf)
			.flatMap((one) => ('shape' in one ? [(one.shape as Record<string, z.ZodType>)[name]] : [elementOf(one)]).filter((inner) => inner !== undefined));
	return [...new Set(layer.flatMap(objectsOf).flatMap((one) => ('shape' in one ? Object.keys(one.shape as object) : [])))];
}

/** A schema without its wrappers, one by one where it has variants. */
function objectsOf(schema: z.ZodType): z.ZodType[] {
	const { def } = schema as unknown as { def: { innerType?: z.ZodType; in?: z.ZodType; options?: z.ZodType[] } };
	if (def.innerType !== undefined) return objectsOf(def.innerType);
	if (def.in !== undefined) return objectsOf(def.in);
	return def.options === undefined ? [schema] : def.options.flatMap(objectsOf);
}

function elementOf(schema: z.ZodType): z.ZodType | undefined {
	const { def } = schema as unknown as { def: { element?: z.ZodType; valueType?: z.ZodType } };
	return def.element ?? def.valueType;
}
