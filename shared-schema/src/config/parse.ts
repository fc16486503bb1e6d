/** Turns a process's environment into a typed configuration: `LONGSHORE_*` only, `…_FILE` read for any of them, unknown names refused with the nearest known one. */
import type * as z from 'zod';

/** Thrown at start-up; the message names the variable and the fix. */
export class ConfigError extends Error {
	override readonly name: string = 'ConfigError';
}

/**
 * Parses the `LONGSHORE_*` variables of `env` that `schema` names (its keys are the full variable names).
 * `LONGSHORE_X_FILE` gives the content of a file, without the trailing newline, as `LONGSHORE_X`.
 * Throws `ConfigError`.
 */
export function parseEnv<T extends z.ZodObject>(schema: T, env: Readonly<Record<string, string | undefined>>, readFile: (path: string) => string): z.output<T> {
	const known = Object.keys(schema.shape);
	const values: Record<string, string> = {};
	for (const [name, value] of Object.entries(env)) {
		if (!name.startsWith('LONGSHORE_') || value === undefined || value === '') continue;
		const plain = name.endsWith('_FILE') && !known.includes(name) ? name.slice(0, -'_FILE'.length) : name;
		if (!known.includes(plain)) throw new ConfigError(`${name} is not a setting of this process${suggestion(plain, known)}`);
		if (values[plain] !== undefined) throw new ConfigError(`${plain} and ${plain}_FILE are both given: leave one out`);
		values[plain] = plain === name ? value : readSetting(name, value, readFile);
	}
	const parsed = schema.safeParse(values);
	if (parsed.success) return parsed.data;
	throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

function readSetting(name: string, path: string, readFile: (path: string) => string): string {
	try {
		return readFile(path).trimEnd();
	} catch (error) {
		throw new ConfigError(`${name}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
	}
}

/** ` (did you mean X?)` for the nearest name within a third of its length, else nothing. */
export function suggestion(name: string, known: readonly string[]): string {
	let best = '';
	let bestDistance = Number.POSITIVE_INFINITY;
	for (const candidate of known) {
		const distance = editDistance(name, candidate);
		if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
	}
	return bestDistance <= Math.max(2, name.length / 3) ? ` (did you mean ${best}?)` : '';
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}
