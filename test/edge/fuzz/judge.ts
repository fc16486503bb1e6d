/** Whether an answer to a bad call is a good one: never a fault of ours, nothing of the inside, the documented form, the field and its bound named. */
import type { RawAnswer } from '../support/raw-http.ts';
import type { Target, World } from './world.ts';

/** Words that only the inside knows. */
const LEAKS =
	/\bat .+:\d+:\d+|node_modules|\.ts\b|\/tmp\/|sqlite|\bSQL\b|SyntaxError|TypeError|RangeError|ZodError|Unexpected (?:token|end)|\bworkerd\b|durable object|\bnats\b|\bhono\b|undefined|\[object/i;

/** What is wrong with any answer; empty when nothing is. `sent`: texts of the caller that may come back. */
export function faultsOfAnswer({ template, operation }: Target, answer: RawAnswer, check: World['check']): string[] {
	if (answer.status >= 500) return isTrueSilence(answer) ? [] : [`a fault of ours: ${answer.status} ${answer.text.slice(0, 300)}`];
	const problems = check(operation, answer);
	if (answer.status < 400) return problems;
	return [...problems, ...faultsOfRefusal(template, answer)];
}

/** A region that a fuzzed call of the operator entered has no broker: where the answer depends on it, it is true that it is silent. */
function isTrueSilence({ status, text }: RawAnswer): boolean {
	return status === 503 && text.includes('fuzzed did not answer');
}

/** The same for a refusal on any path, documented or not. */
export function faultsOfRefusal(path: string, answer: RawAnswer): string[] {
	if (answer.status >= 500) return [`a fault of ours: ${answer.status} ${answer.text.slice(0, 300)}`];
	if (answer.status < 400) return [];
	const message = messageOf(answer.text);
	if (message === null) return [`${path}: no error text in ${answer.status} ${answer.text.slice(0, 300)}`];
	const problems: string[] = [];
	if (message.length < 5) problems.push(`an error that says nothing: ${message}`);
	if (message.length > 2_000) problems.push(`an error of ${message.length} characters`);
	const leak = LEAKS.exec(message);
	if (leak !== null) problems.push(`tells of the inside (${leak[0]}): ${message.slice(0, 300)}`);
	if (answer.headers.get('content-type')?.includes('problem+json') === true) {
		const { status, code } = JSON.parse(answer.text) as { status?: unknown; code?: unknown };
		if (status !== answer.status || typeof code !== 'string') problems.push(`a problem without its status and code: ${answer.text.slice(0, 300)}`);
	}
	return problems;
}

/** The error's text in any of the three forms, or null. */
export function messageOf(text: string): string | null {
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch {
		return null;
	}
	if (typeof body !== 'object' || body === null) return null;
	const { error, detail, message } = body as Record<string, unknown>;
	if (typeof error === 'string') return error;
	if (typeof detail === 'string') return detail;
	// REST v1.
	if (typeof message === 'string') return message;
	const inner = (error as Record<string, unknown> | undefined)?.['message'];
	return typeof inner === 'string' ? inner : null;
}

/** Whether the refusal of one wrong field names it and its bound. */
export function namesFault(message: string, at: readonly string[], bound: number | undefined): string[] {
	const name = [...at].reverse().find((part) => /^[A-Za-z]\w*$/.test(part) && part !== 'NAME');
	const problems = name === undefined || message.includes(name) || /not valid JSON/.test(message) ? [] : [`does not name ${at.join('.')}: ${message}`];
	const plain = message.replaceAll(/[,_\u202f ](?=\d{3})/g, '');
	if (bound !== undefined && !plain.includes(String(bound))) problems.push(`does not name the bound ${bound}: ${message}`);
	return problems;
}
