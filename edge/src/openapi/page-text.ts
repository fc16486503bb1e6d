/** Small pieces of the reference page: escaped text, a little markdown, types and bounds in words. */
import type { JsonSchema } from './json-schema.ts';

/** Text for HTML, also inside quoted attributes. */
export function escapeHtml(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** Paragraphs, `code` and **strong**; everything else is text. */
export function richText(text: string): string {
	return text
		.split(/\n{2,}/)
		.map((paragraph) => `<p>${inlineText(paragraph.replaceAll('\n', ' '))}</p>`)
		.join('');
}

/** One line with `code`. */
export function inlineText(text: string): string {
	return escapeHtml(text)
		.replaceAll(/`([^`]+)`/g, '<code>$1</code>')
		.replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

/** A schema's type with its bounds: `integer from 1,000 to 300,000, default 90,000`. */
export function typeInWords(schema: JsonSchema): string {
	const words = [typeOf(schema), ...boundsOf(schema)];
	if (typeof schema['pattern'] === 'string' && schema['format'] === undefined) words.push(`matches ${schema['pattern']}`);
	if ('default' in schema) words.push(`default ${JSON.stringify(schema['default'])}`);
	return words.filter((word) => word !== '').join(', ');
}

/** The values among which a field chooses, or null. */
export function choicesOf(schema: JsonSchema): string[] | null {
	if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value));
	return 'const' in schema ? [JSON.stringify(schema['const'])] : null;
}

function typeOf(schema: JsonSchema): string {
	const { type, format } = schema;
	if (Array.isArray(schema['anyOf'] ?? schema['oneOf'])) return 'one of several forms';
	if (choicesOf(schema) !== null) return 'choice';
	const name = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'any JSON';
	return format === 'uri' ? 'URL' : format === 'date-time' ? name.replace('string', 'time, ISO 8601') : name;
}

function boundsOf(schema: JsonSchema): string[] {
	const range = (low: unknown, high: unknown, unit: string): string[] => {
		const from = typeof low === 'number' ? low.toLocaleString('en') : null;
		const to = typeof high === 'number' ? high.toLocaleString('en') : null;
		if (from === null && to === null) return [];
		if (to === null) return [`at least ${from}${unit}`];
		return [from === null ? `at most ${to}${unit}` : `${from} to ${to}${unit}`];
	};
	return [
		...range(schema['minimum'], schema['maximum'], ''),
		...range(schema['minLength'], schema['maxLength'], ' characters'),
		...range(schema['minItems'], schema['maxItems'], ' items'),
	];
}
