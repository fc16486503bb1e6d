/** JSON values whose text a test can spoil: raw tokens, repeated members, values out of reach of `JSON.stringify`. */

/** Text that stands in a JSON text as it is. */
export class Raw {
	readonly text: string;
	constructor(text: string) {
		this.text = text;
	}
	toString(): string {
		return this.text;
	}
}

export type Json = null | boolean | number | string | Raw | readonly Json[] | { readonly [name: string]: Json };

/** The text of a value. */
export function textOf(value: Json): string {
	if (value instanceof Raw) return value.text;
	if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
	if (typeof value === 'object' && value !== null)
		return `{${Object.entries(value)
			.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`)
			.join(',')}}`;
	return JSON.stringify(value);
}

/** A copy with `to` at `path`; missing objects on the way are made by `fill`. `undefined` takes the member out. */
export function withValue(value: Json, path: readonly string[], to: Json | undefined, fill: (path: readonly string[]) => Json, at = 0): Json {
	const name = path[at];
	if (name === undefined) return to ?? null;
	const here = value instanceof Raw || typeof value !== 'object' || value === null ? fill(path.slice(0, at)) : value;
	if (Array.isArray(here)) {
		const copy: Json[] = [...here];
		copy[Number(name)] = withValue(copy[Number(name)] ?? fill(path.slice(0, at + 1)), path, to, fill, at + 1);
		return copy;
	}
	const { [name]: old, ...others } = here as Record<string, Json>;
	if (at === path.length - 1 && to === undefined) return others;
	const member = withValue(old ?? (at === path.length - 1 ? null : fill(path.slice(0, at + 1))), path, to, fill, at + 1);
	// A member named __proto__ must become one, not the prototype.
	return Object.defineProperty({ ...others }, name, { value: member, enumerable: true, configurable: true, writable: true }) as Json;
}
