/** Parses management bodies; an unknown member is refused with the nearest known name. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { ShellWordsError } from '@longshore/shared-schema/endpoint/shell-words';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type * as z from 'zod';
import { readBody } from '../../gate/body.ts';

/** Body of a management call. */
export const MANAGE_BODY_BYTES_MAX = 1024 * 1024;

/** The body of a management call. Throws `malformed_json`, or `unprocessable` with the field and what is wrong. */
export async function readManageBody<T extends z.ZodObject>(request: Request, schema: T): Promise<z.output<T>> {
	const text = new TextDecoder().decode(await readBody(request, MANAGE_BODY_BYTES_MAX));
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new LongshoreError('malformed_json', 'the request body is not valid JSON');
	}
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw new LongshoreError('unprocessable', parsed.error.issues.map((issue) => describe(issue, Object.keys(schema.shape))).join('; '));
}

/** Runs a mapping to a specification, with a bad start command as a field error. */
export function withArgs(map: () => EndpointSpec): EndpointSpec {
	try {
		return map();
	} catch (error) {
		if (error instanceof ShellWordsError) throw new LongshoreError('unprocessable', `args: ${error.message}`);
		throw error;
	}
}

function describe(issue: z.core.$ZodIssue, known: readonly string[]): string {
	const at = issue.path.join('.');
	if (issue.code !== 'unrecognized_keys') return `${at || 'body'}: ${issue.message}`;
	return issue.keys.map((key) => `${at === '' ? key : `${at}.${key}`}: unknown field${issue.path.length === 0 ? suggestion(key, known) : ''}`).join('; ');
}
