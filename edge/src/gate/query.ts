/** Numbers in a query string: one description of each, which reads it and documents it. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import * as z from 'zod';
import type { Parameter } from '../openapi/operation.ts';

/** An integer in the query. `min` and `max` are inclusive; no `max`: any that a number can hold exactly. */
export interface IntegerParameter {
	readonly name: string;
	readonly min: number;
	readonly max?: number;
	/** Behind "an integer": `of milliseconds`. */
	readonly unit?: string;
	/** What an answer to a bad one adds. */
	readonly hint?: string;
}

/** A query parameter; most calls have none and need no URL parsed. */
export function queryOf(request: Request, name: string): string | null {
	return request.url.includes('?') ? new URL(request.url).searchParams.get(name) : null;
}

/** The parameter's value, or `byDefault` when there is none. Throws `invalid_request` when it is not an integer in bounds. */
export function integerOf<T extends number | null>(request: Request, parameter: IntegerParameter, byDefault: T): number | T {
	const text = queryOf(request, parameter.name);
	if (text === null) return byDefault;
	const { name, min, max = Number.MAX_SAFE_INTEGER, unit, hint } = parameter;
	const value = Number(text);
	if (/^-?\d{1,16}(?:\.0+)?$/.test(text) && value >= min && value <= max) return value;
	const bounds = parameter.max === undefined ? `from ${min}` : `from ${min} to ${max}`;
	throw new LongshoreError('invalid_request', `${name} must be an integer ${unit === undefined ? '' : `${unit} `}${bounds}${hint === undefined ? '' : `; ${hint}`}`);
}

/** The parameter as the document shows it. */
export function describeInteger({ name, min, max, unit }: IntegerParameter, byDefault: number | null, text: string): Parameter {
	const schema = z
		.int()
		.min(min)
		.max(max ?? Number.MAX_SAFE_INTEGER);
	return { name, text: unit === undefined ? text : `${text} In ${unit.replace('of ', '')}.`, schema: byDefault === null ? schema : schema.default(byDefault) };
}
