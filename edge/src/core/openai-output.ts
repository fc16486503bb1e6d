/** What a worker yielded or returned, as the body of an OpenAI answer. Pure. */
import { arrayElements } from '@longshore/shared-schema/json/top-level';
import { faultOfValue, type OpenAiFault } from './openai-error.ts';

/** An answer's body. */
export interface OpenAiBody {
	readonly type: 'application/json' | 'text/event-stream' | 'text/plain';
	readonly text: string;
}

/** An error object of a model server is short: longer outputs are not searched for one. */
const ERROR_CHARS_MAX = 32 * 1024;

/** Elements that an output holds: those of a generator's list, else the output itself. */
export function outputElements(output: string): readonly string[] {
	return arrayElements(output) ?? [output];
}

/**
 * The body for raw JSON texts that a job yielded: one value is answered bare, several strings are one text. Null when there is nothing.
 * A model server's error object becomes its fault.
 */
export function toOpenAiBody(elements: readonly string[]): OpenAiBody | OpenAiFault | null {
	const [only] = elements;
	if (only === undefined) return null;
	if (elements.every((element) => element.startsWith('"'))) return toTextBody(elements.map((element) => JSON.parse(element) as string).join(''));
	const text = elements.length === 1 ? only : `[${elements.join(',')}]`;
	return faultIn(text) ?? { type: 'application/json', text };
}

/** A yielded value as it goes into an event stream: strings are the model server's own events, a bare value becomes one. */
export function toStreamText(chunk: string): string | OpenAiFault {
	if (chunk.startsWith('"')) return JSON.parse(chunk) as string;
	return faultIn(chunk) ?? `data: ${chunk.replaceAll(/[\r\n]/g, ' ')}\n\n`;
}

/** Whether a stream that ends with `text` is between two events. */
export function endsEvent(text: string): boolean {
	return /(?:\n\n|\r\n\r\n|\r\r)$/.test(text);
}

function toTextBody(text: string): OpenAiBody | OpenAiFault {
	if (/^\s*[[{]/.test(text) && isJson(text)) return faultIn(text) ?? { type: 'application/json', text };
	return { type: /^(data|event|id|retry)?:/.test(text) ? 'text/event-stream' : 'text/plain', text };
}

function faultIn(text: string): OpenAiFault | null {
	return text.length <= ERROR_CHARS_MAX && text.includes('error') ? faultOfValue(JSON.parse(text), null) : null;
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}
