/** What a schema found wrong first, as `field: what is wrong`, with the bound. The words for a caller, not for whoever wrote the schema. */
import type * as z from 'zod';

export function describeFirst(error: z.ZodError): string {
	const issue = error.issues[0];
	return issue === undefined ? 'the request is invalid' : `${issue.path.join('.') || 'body'}: ${wordsOf(issue)}`;
}

function wordsOf({ message }: z.core.$ZodIssue): string {
	const missing = /^Invalid input: expected (.+), received undefined$/.exec(message);
	return missing === null ? message : `is missing: expected ${missing[1]}`;
}
