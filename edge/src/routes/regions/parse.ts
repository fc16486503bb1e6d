/** Parses what a verified region sent. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { cutFrames, decodeFramed } from '@longshore/shared-schema/wire/framing';
import type * as z from 'zod';
import { describeFirst } from '../../gate/describe-first.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A JSON body of a known shape. Throws `invalid_request`. */
export function parseJson<T extends z.ZodType>(schema: T, body: Uint8Array): z.output<T> {
	return check(
		schema,
		attempt(() => JSON.parse(decoder.decode(body))),
	);
}

/** A framed body: its head, and one view of the body for each length that `lengthsOf` names. Throws `invalid_request`. */
export function parseFramed<T extends z.ZodType>(schema: T, body: Uint8Array, lengthsOf: (head: z.output<T>) => number[]): { head: z.output<T>; frames: Uint8Array[] } {
	const { head: raw, rest } = attempt(() => decodeFramed(body, (bytes) => decoder.decode(bytes)));
	const head = check(schema, raw);
	return { head, frames: attempt(() => cutFrames(rest, lengthsOf(head))) };
}

function check<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
	const parsed = schema.safeParse(value);
	if (!parsed.success) throw new LongshoreError('invalid_request', describeFirst(parsed.error));
	return parsed.data;
}

function attempt<T>(read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw new LongshoreError('invalid_request', `body: ${error instanceof RangeError ? error.message : 'not the JSON or frames that the path expects'}`);
	}
}
