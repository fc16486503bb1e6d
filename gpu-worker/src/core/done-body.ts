/** What a worker means by the body of a `job-done` request. The output stays the worker's own JSON text. */
import { JsonObjectError, topLevelMembers } from '@longshore/shared-schema/json/top-level';
import { ERROR_TEXT_CHARS_MAX } from '@longshore/shared-schema/limits';

/** A progress report or the end of a job; an end without `error` is a success, with or without output. */
export type DoneBody =
	| { readonly kind: 'progress'; readonly output: string }
	| { readonly kind: 'result'; readonly output: string | null; readonly error: string | null; readonly stopPod: boolean }
	| { readonly kind: 'unusable'; readonly error: string };

/** Reads a body. `{}` is a success without output; an error that is not a string becomes its JSON text. */
export function readDoneBody(text: string): DoneBody {
	let members: Map<string, string>;
	try {
		members = topLevelMembers(text);
	} catch (error) {
		if (error instanceof JsonObjectError) return { kind: 'unusable', error: unusable(error) };
		throw error;
	}
	if (members.get('status') === '"IN_PROGRESS"') return { kind: 'progress', output: members.get('output') ?? 'null' };
	return { kind: 'result', output: members.get('output') ?? null, error: errorText(members.get('error')), stopPod: members.get('stopPod') === 'true' };
}

/** The chunk in the body of a `job-stream` request: its `output` (`null` when there is none), or null when the body is not usable. */
export function readChunkBody(text: string): string | null {
	try {
		return topLevelMembers(text).get('output') ?? 'null';
	} catch (error) {
		if (error instanceof JsonObjectError) return null;
		throw error;
	}
}

/** Cuts an error text to what a job's record holds. */
export function cutError(text: string): string {
	return text.length > ERROR_TEXT_CHARS_MAX ? `${text.slice(0, ERROR_TEXT_CHARS_MAX - 20)}… (text cut)` : text;
}

function errorText(raw: string | undefined): string | null {
	if (raw === undefined || raw === 'null') return null;
	const value: unknown = JSON.parse(raw);
	return cutError(typeof value === 'string' ? value : raw);
}

function unusable(error: JsonObjectError): string {
	if (error.problem === 'too_deep') return 'the result is nested too deeply: return a flatter structure, or encode the inner part as a string';
	if (error.problem === 'not_an_object') return 'the result is not a JSON object with "output" or "error"';
	return 'the result is not valid JSON (Python writes NaN and Infinity, which JSON does not know: replace them before returning)';
}
