/** A schema's fields as nested lists of the reference page. */
import type { JsonSchema } from './json-schema.ts';
import { choicesOf, escapeHtml, inlineText, typeInWords } from './page-text.ts';

/** Deeper than any schema of ours; a schema that refers to itself ends here. */
const DEPTH_MAX = 6;

/** Finds what a reference means. */
export type Resolve = (schema: JsonSchema) => JsonSchema;

/** One field: its name, type, bounds and text, and what lies in it. */
export function fieldItem(name: string, schema: JsonSchema, marks: readonly string[], text: string | undefined, resolve: Resolve, depth = 0): string {
	const s = resolve(schema);
	const about = text ?? (typeof s['description'] === 'string' ? s['description'] : '');
	const choices = choicesOf(s);
	return [
		`<li><div class="field"><code class="name">${escapeHtml(name)}</code>`,
		`<span class="type">${escapeHtml(typeInWords(s))}</span>`,
		...marks.map((mark) => `<span class="mark ${mark}">${mark}</span>`),
		'</div>',
		choices === null ? '' : `<p class="choices">${choices.map((choice) => `<code>${escapeHtml(choice)}</code>`).join(' ')}</p>`,
		about === '' ? '' : `<p>${inlineText(about)}</p>`,
		insideOf(s, resolve, depth),
		'</li>',
	].join('');
}

/** What lies in a schema: members, items, forms. Empty where there is nothing to say. */
export function insideOf(schema: JsonSchema, resolve: Resolve, depth = 0): string {
	if (depth >= DEPTH_MAX) return '';
	const s = resolve(schema);
	const forms = s['anyOf'] ?? s['oneOf'];
	if (Array.isArray(forms)) return formsOf(forms as JsonSchema[], resolve, depth);
	const properties = Object.entries((s['properties'] ?? {}) as Record<string, JsonSchema>);
	const required = new Set((s['required'] ?? []) as string[]);
	if (properties.length > 0)
		return `<ul class="fields">${properties.map(([name, of]) => fieldItem(name, of, required.has(name) ? ['required'] : [], undefined, resolve, depth + 1)).join('')}</ul>`;
	const { items, additionalProperties: values } = s;
	if (typeof items === 'object' && items !== null) return inner('each item', items as JsonSchema, resolve, depth);
	return typeof values === 'object' && values !== null && Object.keys(values).length > 0 ? inner('each value', values as JsonSchema, resolve, depth) : '';
}

function formsOf(forms: readonly JsonSchema[], resolve: Resolve, depth: number): string {
	return `<ul class="fields forms">${forms
		.map((form) => {
			const s = resolve(form);
			return `<li><div class="field"><span class="type">${escapeHtml(typeInWords(s))}</span></div>${insideOf(s, resolve, depth + 1)}</li>`;
		})
		.join('')}</ul>`;
}

function inner(label: string, schema: JsonSchema, resolve: Resolve, depth: number): string {
	return `<ul class="fields">${fieldItem(label, schema, [], undefined, resolve, depth + 1)}</ul>`;
}
