/** Parses management bodies; an unknown member is refused with the nearest known name. */
import { ShellWordsError } from '@longshore/shared-schema/endpoint/shell-words';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import type * as z from 'zod';
import { describeIssues } from '../../core/describe-issues.ts';
import { readBody } from '../../gate/body.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The body of a management call. Throws `malformed_json`, or `unprocessable` with every field and what is wrong with it. */
export async function readManageBody<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
	const body = await readBody(request, MANAGE_BODY_BYTES_MAX);
	let value: unknown;
	try {
		value = JSON.parse(decoder.decode(body));
	} catch (error) {
		throw new LongshoreError('malformed_json', `the request body is not valid ${error instanceof TypeError ? 'UTF-8' : 'JSON'}`);
	}
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw LongshoreError.unprocessable(describeIssues(parsed.error, schema, value));
}

/** Runs a mapping from a body, with a bad start command as a field error. */
export function withArgs<T>(map: () => T): T {
	try {
		return map();
	} catch (error) {
		if (error instanceof ShellWordsError) throw new LongshoreError('unprocessable', `args: ${error.message}`);
		throw error;
	}
}
