/** Finds the raw text of a JSON object's top-level members, so that payloads and results pass on exactly as they were written. */
import { JSON_DEPTH_MAX } from '../limits.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** Why a text is not a usable JSON object. */
export type JsonObjectProblem = 'malformed' | 'not_an_object' | 'too_deep';

/** Thrown by `topLevelMembers`; `problem` says why. */
export class JsonObjectError extends Error {
	readonly problem: JsonObjectProblem;
	constructor(problem: JsonObjectProblem) {
		super(problem);
		this.name = 'JsonObjectError';
		this.problem = problem;
	}
}

/**
 * Members of the object in `text`, name → raw JSON text of the value. Of a repeated name the last counts, as in `JSON.parse`.
 * Throws `JsonObjectError`: malformed JSON, not an object, or nested deeper than `JSON_DEPTH_MAX`.
 */
export function topLevelMembers(text: string): Map<string, string> {
	assertDepth(text);
	assertObject(text);
	const members = new Map<string, string>();
	let at = skipSpace(text, skipSpace(text, 0) + 1);
	while (text.charCodeAt(at) !== CLOSE_BRACE) {
		const nameEnd = endOfString(text, at);
		const name = JSON.parse(text.slice(at, nameEnd)) as string;
		const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
		const end = endOfValue(text, start);
		members.set(name, text.slice(start, trimEnd(text, start, end)));
		at = end;
		if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
	}
	return members;
}

/** Raw JSON texts of the elements of the array in `text`, which is known to be valid JSON; null when it is not an array. */
export function arrayElements(text: string): string[] | null {
	const elements: string[] = [];
	let at = skipSpace(text, 0);
	if (text.charCodeAt(at) !== OPEN_BRACKET) return null;
	at = skipSpace(text, at + 1);
	while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACKET) {
		const end = endOfValue(text, at);
		elements.push(text.slice(at, trimEnd(text, at, end)));
		at = text.charCodeAt(end) === COMMA ? skipSpace(text, end + 1) : end;
	}
	return elements;
}

function assertObject(text: string): void {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new JsonObjectError('malformed');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JsonObjectError('not_an_object');
}

/** One pass over the brackets, before anything recursive sees the text. */
function assertDepth(text: string): void {
	let depth = 0;
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code === QUOTE) at = endOfString(text, at) - 1;
		else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
			if (++depth > JSON_DEPTH_MAX) throw new JsonObjectError('too_deep');
		} else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
	}
}

/** Index behind the string that opens at `at`; the text's length when it never closes. */
function endOfString(text: string, at: number): number {
	let end = text.indexOf('"', at + 1);
	while (end > 0) {
		let slashes = 0;
		while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
		if (slashes % 2 === 0) return end + 1;
		end = text.indexOf('"', end + 1);
	}
	return text.length;
}

/** Index of the comma or closing bracket behind the value that starts at `at`. The text is known to be valid. */
function endOfValue(text: string, at: number): number {
	let depth = 0;
	for (let i = at; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === QUOTE) i = endOfString(text, i) - 1;
		else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
		else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
			if (depth === 0) return i;
			depth--;
		} else if (code === COMMA && depth === 0) return i;
	}
	return text.length;
}

function skipSpace(text: string, at: number): number {
	let i = at;
	while (isSpace(text.charCodeAt(i))) i++;
	return i;
}

function trimEnd(text: string, start: number, end: number): number {
	let i = end;
	while (i > start && isSpace(text.charCodeAt(i - 1))) i--;
	return i;
}

function isSpace(code: number): boolean {
	return code === 32 || code === 10 || code === 13 || code === 9;
}
