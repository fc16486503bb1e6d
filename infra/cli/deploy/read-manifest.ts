/** Reads a `longshore.json`: every problem of it with its line, its field and the fix, all at once. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { suggestion } from '@longshore/shared-schema/config/parse';
import type * as z from 'zod';
import { UsageError } from '../usage-error.ts';
import { type JsonSource, JsonSourceError, readJsonSource } from './json-source.ts';
import { type Manifest, manifest } from './manifest.ts';

export const MANIFEST_FILE = 'longshore.json';

/** A file that is in order. */
export interface ReadManifest {
	readonly path: string;
	readonly manifest: Manifest;
	/** The error for what turns out to be wrong with values of the file later. */
	problems(found: readonly { readonly path: readonly PropertyKey[]; readonly text: string }[]): UsageError;
}

/** Reads and checks the file. Throws `UsageError`. */
export function readManifest(path: string, env: Readonly<Record<string, string | undefined>>): ReadManifest {
	if (!existsSync(path)) throw new UsageError(`there is no ${path}`, starter());
	const file = basename(path);
	let source: JsonSource;
	try {
		source = readJsonSource(readFileSync(path, 'utf8'));
	} catch (error) {
		if (error instanceof JsonSourceError) throw new UsageError(`${file}:${error.at.line}:${error.at.column}: ${error.message}`);
		throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
	}
	const problems: ReadManifest['problems'] = (found) => {
		const lines = found
			.map((one) => ({ ...source.positionOf(one.path), field: one.path.map(String).join('.'), text: one.text }))
			.sort((a, b) => a.line - b.line || a.column - b.column);
		return new UsageError(
			[
				`${file} has ${lines.length} ${lines.length === 1 ? 'problem' : 'problems'}:`,
				...lines.map(({ line, column, field, text }) => `${file}:${line}:${column}  ${field === '' ? 'the file' : field}: ${text}`),
			].join('\n'),
		);
	};
	const filled = fillVariables(source.value, env);
	if (filled.missing.length > 0)
		throw problems(
			filled.missing.map(({ path: at, name }) => ({ path: at, text: `\${${name}} is not set in the environment: set ${name}, or write $\${${name}} for the text itself` })),
		);
	const parsed = manifest.safeParse(filled.value);
	if (!parsed.success) throw problems(parsed.error.issues.flatMap((issue) => describe(issue, filled.value)));
	return { path, manifest: withDirectories(parsed.data, dirname(resolve(path))), problems };
}

function starter(): string {
	return `Write one, for example:
  {
    "endpoints": {
      "echo": {
        "directory": ".", "args": "python3 -u handler.py",
        "gpu": { "pools": ["ADA_24"] }, "workers": { "max": 2 }
      }
    }
  }
Its schema for editors: longshore deploy --schema > longshore.schema.json`;
}

/** One problem for each wrong name or value, with the nearest known name. */
function describe(issue: z.core.$ZodIssue, root: unknown): { path: readonly PropertyKey[]; text: string }[] {
	if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...issue.path, key], text: `unknown field${suggestion(key, fieldsAt(issue.path))}` }));
	const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], root);
	if (issue.code === 'invalid_value') {
		const allowed = issue.values.map(String);
		return [{ path: issue.path, text: `${JSON.stringify(value)} is not one of ${allowed.join(', ')}${typeof value === 'string' ? suggestion(value, allowed) : ''}` }];
	}
	if (issue.code === 'invalid_union' && value !== undefined) {
		const inner = issue.errors.flat()[0];
		return [{ path: [...issue.path, ...(inner?.path ?? [])], text: inner?.message ?? issue.message }];
	}
	if (value === undefined)
		return [{ path: issue.path, text: issue.code === 'invalid_type' ? `is missing: expected ${issue.expected}` : `is missing (${issue.message.toLowerCase()})` }];
	return [{ path: issue.path, text: issue.message }];
}

/** Names that are known at a path: what a typing error is compared with. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
	let schema: unknown = manifest;
	for (const key of path) schema = step(schema, key);
	const shape = (unwrap(schema) as { shape?: object } | undefined)?.shape;
	return shape === undefined ? [] : Object.keys(shape);
}

function step(schema: unknown, key: PropertyKey): unknown {
	const inner = unwrap(schema) as { shape?: Record<PropertyKey, unknown>; valueType?: unknown; element?: unknown } | undefined;
	return inner?.shape?.[key] ?? inner?.valueType ?? inner?.element;
}

function unwrap(schema: unknown): unknown {
	let inner = schema;
	while (typeof (inner as { unwrap?: unknown } | undefined)?.unwrap === 'function') inner = (inner as { unwrap(): unknown }).unwrap();
	return inner;
}

/** `${NAME}` in any text becomes the variable, `$${` a plain `${`. */
function fillVariables(value: unknown, env: Readonly<Record<string, string | undefined>>): { value: unknown; missing: { path: PropertyKey[]; name: string }[] } {
	const missing: { path: PropertyKey[]; name: string }[] = [];
	const fill = (one: unknown, path: PropertyKey[]): unknown => {
		if (typeof one === 'string') {
			return one.replace(/\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, escaped: string, name: string) => {
				if (escaped !== '') return whole.slice(1);
				if (env[name] === undefined) missing.push({ path, name });
				return env[name] ?? '';
			});
		}
		if (Array.isArray(one)) return one.map((item, index) => fill(item, [...path, index]));
		if (typeof one === 'object' && one !== null) return Object.fromEntries(Object.entries(one).map(([key, member]) => [key, fill(member, [...path, key])]));
		return one;
	};
	return { value: fill(value, []), missing };
}

/** Directories are meant from the file, wherever the command is run. */
function withDirectories(read: Manifest, base: string): Manifest {
	const absolute = <T extends { directory?: string | undefined }>(all: Record<string, T> | undefined): Record<string, T> =>
		Object.fromEntries(Object.entries(all ?? {}).map(([name, one]) => [name, one.directory === undefined ? one : { ...one, directory: resolve(base, one.directory) }]));
	return { ...read, templates: absolute(read.templates), endpoints: absolute(read.endpoints) };
}
