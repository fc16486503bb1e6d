/** From a JSON Schema: one valid value, and every way in which each of its fields can be wrong or on its bound. */
import type { JsonSchema } from '../../../edge/src/openapi/json-schema.ts';
import { type Json, Raw } from './json-text.ts';

/** A value put at a place of a valid body. */
export interface Fault {
	readonly at: readonly string[];
	/** `undefined` takes the member out. */
	readonly value: Json | undefined;
	readonly what: string;
	/** The schema certainly refuses it. */
	readonly isWrong: boolean;
	/** A number that the answer must name. */
	readonly bound?: number;
}

export type Resolve = (schema: JsonSchema) => JsonSchema;

const TEXT_CHARS_MAX = 50_000;
const ITEMS_MAX = 6_000;
const ODD_TEXTS = ['', ' ', '\u0000', '\u202e\ud83d\udca5', '\ud800', '../../etc', "' OR 1=1 --", '__proto__', 'constructor', '%00', 'x'.repeat(40_000)];
const ODD_NUMBERS = ['NaN', 'Infinity', '-Infinity', '1e999', '0x10', '01', '+1', '.5', '1_000'];
const TYPES: readonly (readonly [string, Json])[] = [
	['null', null],
	['boolean', true],
	['number', 7],
	['string', 'text'],
	['array', []],
	['object', {}],
];

/** The smallest valid value: required members only. */
export function sampleOf(schema: JsonSchema, resolve: Resolve): Json {
	const s = resolve(schema);
	if ('default' in s) return s['default'] as Json;
	if ('const' in s) return s['const'] as Json;
	const any = branchesOf(s);
	if (any !== null) return sampleOf(any[0] as JsonSchema, resolve);
	if (Array.isArray(s['enum'])) return s['enum'][0] as Json;
	switch (typesOf(s)[0]) {
		case 'object':
			return Object.fromEntries(requiredOf(s).map((name) => [name, sampleOf(propertiesOf(s)[name] ?? {}, resolve)]));
		case 'array':
			return Array.from({ length: Number(s['minItems'] ?? 0) }, () => sampleOf((s['items'] ?? {}) as JsonSchema, resolve));
		case 'integer':
		case 'number':
			return Number(s['minimum'] ?? 1);
		case 'boolean':
			return true;
		case 'string':
			return sampleText(s);
		default:
			return {};
	}
}

/** The schema at a path, through references and branches; `{}` where anything goes. */
export function schemaAt(schema: JsonSchema, path: readonly string[], resolve: Resolve): JsonSchema {
	const s = resolve(schema);
	const [name, ...rest] = path;
	if (name === undefined) return s;
	for (const branch of branchesOf(s) ?? [s]) {
		const b = resolve(branch);
		const inside = propertiesOf(b)[name] ?? (/^\d+$/.test(name) ? b['items'] : b['additionalProperties']);
		if (typeof inside === 'object' && inside !== null) return schemaAt(inside as JsonSchema, rest, resolve);
	}
	return {};
}

/** Every fault of a value of `schema` and of what lies in it. */
export function faultsOf(schema: JsonSchema, resolve: Resolve, at: readonly string[] = [], isOptional = false): Fault[] {
	const s = resolve(schema);
	const branches = branchesOf(s);
	if (branches !== null)
		return [...typeFaults(leavesOf(branches, resolve).flatMap(typesOf), at, isOptional), ...branches.flatMap((branch) => unsure(faultsOf(branch, resolve, at)))];
	const types = typesOf(s);
	if (types.length === 0) return 'const' in s || 'enum' in s ? choiceFaults(at) : [];
	return [
		...typeFaults(types, at, isOptional),
		...('const' in s || 'enum' in s ? choiceFaults(at) : types.includes('string') ? textFaults(s, at) : []),
		...(types.includes('integer') || types.includes('number') ? numberFaults(s, at, types.includes('integer')) : []),
		...(types.includes('array') ? arrayFaults(s, at, resolve) : []),
		...(types.includes('object') ? objectFaults(s, at, resolve) : []),
	];
}

function typeFaults(types: readonly string[], at: readonly string[], isOptional: boolean): Fault[] {
	const taken = new Set(types.map((type) => (type === 'integer' ? 'number' : type)));
	if (taken.size === 0) return [];
	return TYPES.filter(([type]) => !taken.has(type)).map(([type, value]) => ({
		at,
		value,
		what: `${type} instead of ${types.join(' or ')}`,
		isWrong: !(type === 'null' && isOptional),
	}));
}

function choiceFaults(at: readonly string[]): Fault[] {
	return ['', 'no such choice', 'queue_delay', '\u0000', '__proto__'].map((value) => ({ at, value, what: `another choice: ${JSON.stringify(value)}`, isWrong: true }));
}

function textFaults(s: JsonSchema, at: readonly string[]): Fault[] {
	const { minLength, maxLength } = s;
	const faults: Fault[] = ODD_TEXTS.map((value) => ({ at, value, what: `odd text ${JSON.stringify(value).slice(0, 30)}`, isWrong: false }));
	if (typeof minLength === 'number' && minLength > 0) faults.push({ at, value: '', what: 'empty text', isWrong: true });
	if (typeof maxLength === 'number' && maxLength < TEXT_CHARS_MAX) {
		const longer = typeof s['format'] === 'string' ? `https://x.example/${'a'.repeat(maxLength)}` : 'a'.repeat(maxLength + 1);
		faults.push({ at, value: longer, what: 'too long', isWrong: true, ...(typeof s['pattern'] === 'string' || typeof s['format'] === 'string' ? {} : { bound: maxLength }) });
		faults.push({ at, value: 'a'.repeat(maxLength), what: 'as long as may be', isWrong: false });
	}
	return faults;
}

function numberFaults(s: JsonSchema, at: readonly string[], isInteger: boolean): Fault[] {
	const faults: Fault[] = ODD_NUMBERS.map((text) => ({ at, value: new Raw(text), what: `the token ${text}`, isWrong: text !== '1e999' || typeof s['maximum'] === 'number' }));
	const { minimum, maximum } = s;
	if (typeof minimum === 'number') {
		faults.push({ at, value: minimum - 1, what: 'below the minimum', isWrong: true, bound: minimum }, { at, value: minimum, what: 'the minimum', isWrong: false });
		faults.push({ at, value: -1e308, what: 'far below the minimum', isWrong: true });
	}
	if (typeof maximum === 'number')
		faults.push({ at, value: maximum + 1, what: 'above the maximum', isWrong: true, bound: maximum }, { at, value: maximum, what: 'the maximum', isWrong: false });
	if (isInteger)
		faults.push(
			{ at, value: Number(minimum ?? 1) + 0.5, what: 'a fraction', isWrong: true },
			{ at, value: new Raw('9007199254740993'), what: 'beyond 2^53', isWrong: typeof maximum === 'number' },
		);
	faults.push({ at, value: new Raw('-0'), what: 'minus zero', isWrong: false });
	return faults;
}

function arrayFaults(s: JsonSchema, at: readonly string[], resolve: Resolve): Fault[] {
	const items = (s['items'] ?? {}) as JsonSchema;
	const one = sampleOf(items, resolve);
	const faults: Fault[] = [];
	const { minItems, maxItems } = s;
	if (typeof minItems === 'number' && minItems > 0) faults.push({ at, value: [], what: 'empty', isWrong: true });
	if (typeof maxItems === 'number' && maxItems < ITEMS_MAX)
		faults.push({ at, value: Array.from({ length: maxItems + 1 }, () => one), what: 'too many', isWrong: true, bound: maxItems });
	return [...faults, ...faultsOf(items, resolve, [...at, '0'])];
}

function objectFaults(s: JsonSchema, at: readonly string[], resolve: Resolve): Fault[] {
	const required = requiredOf(s);
	const closed = s['additionalProperties'] === false;
	const faults: Fault[] = required.map((name) => ({ at: [...at, name], value: undefined, what: 'missing', isWrong: true }));
	for (const name of ['unknownMember', '__proto__', 'constructor', 'toString', '\u0000', ''])
		faults.push({ at: [...at, name], value: 1, what: 'an extra member', isWrong: closed });
	const members = Object.entries(propertiesOf(s)).flatMap(([name, of]) => faultsOf(of, resolve, [...at, name], !required.includes(name)));
	const values = s['additionalProperties'];
	const names = resolve((s['propertyNames'] ?? {}) as JsonSchema)['pattern'];
	if (typeof values !== 'object' || values === null || Object.keys(values).length === 0) return [...faults, ...members];
	const odd: Fault[] = ['1BAD', 'A B', '', 'Ä', '__proto__'].map((name) => ({
		at: [...at, name],
		value: sampleOf(values as JsonSchema, resolve),
		what: 'an odd name',
		isWrong: typeof names === 'string' && !new RegExp(names).test(name),
	}));
	return [...faults.filter(({ what }) => what === 'missing'), ...members, ...odd, ...faultsOf(values as JsonSchema, resolve, [...at, 'NAME'])];
}

function sampleText(s: JsonSchema): string {
	if (s['format'] === 'uri') return 'https://hooks.example/a';
	if (s['format'] === 'date-time') return '2099-01-31T12:00:00Z';
	return 'a'.repeat(Math.max(1, Number(s['minLength'] ?? 1)));
}

/** Branches within branches, flat. */
function leavesOf(branches: readonly JsonSchema[], resolve: Resolve): JsonSchema[] {
	return branches.map(resolve).flatMap((branch) => (branchesOf(branch) === null ? [branch] : leavesOf(branchesOf(branch) ?? [], resolve)));
}

function unsure(faults: readonly Fault[]): Fault[] {
	return faults.map(({ bound: _, ...fault }) => ({ ...fault, isWrong: false }));
}

function branchesOf(s: JsonSchema): JsonSchema[] | null {
	const branches = s['anyOf'] ?? s['oneOf'];
	return Array.isArray(branches) ? (branches as JsonSchema[]) : null;
}

function typesOf(s: JsonSchema): string[] {
	const { type } = s;
	return Array.isArray(type) ? (type as string[]) : typeof type === 'string' ? [type] : [];
}

function propertiesOf(s: JsonSchema): Record<string, JsonSchema> {
	return (s['properties'] ?? {}) as Record<string, JsonSchema>;
}

function requiredOf(s: JsonSchema): string[] {
	return (s['required'] ?? []) as string[];
}
