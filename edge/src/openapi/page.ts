/** The reference page of an OpenAPI document: whole HTML, no outside request, readable without its script. */
import type { OpenApiAnswer, OpenApiDocument, OpenApiOperation } from './document.ts';
import type { JsonSchema } from './json-schema.ts';
import { curlOf } from './page-example.ts';
import { fieldItem, insideOf, type Resolve } from './page-fields.ts';
import { PAGE_SCRIPT, PAGE_STYLE } from './page-style.ts';
import { escapeHtml, inlineText, richText } from './page-text.ts';

/** An operation with where it is; `others` are methods of the same path that do the same. */
interface Place {
	readonly method: string;
	readonly path: string;
	readonly operation: OpenApiOperation;
	readonly others: readonly { readonly method: string; readonly id: string }[];
}

/** The page; `origin` stands in its examples. */
export function renderPage(document: OpenApiDocument, origin: string): string {
	const resolve: Resolve = (schema) => {
		const ref = schema['$ref'];
		return typeof ref === 'string' ? (document.components.schemas[ref.slice(ref.lastIndexOf('/') + 1)] ?? {}) : schema;
	};
	const places = Object.entries(document.paths).flatMap(([path, item]) => placesOf(path, item));
	const groups = document.tags
		.map(({ name, description }) => ({ name, description, places: places.filter(({ operation }) => operation.tags.includes(name)) }))
		.filter((group) => group.places.length > 0);
	const main = groups.map(
		({ name, description, places: own }) =>
			`<section data-group aria-labelledby="${idOf(name)}"><h2 id="${idOf(name)}">${escapeHtml(name)}</h2><p>${inlineText(description)}</p>${own.map((place) => article(place, origin, resolve)).join('')}</section>`,
	);
	const menu = groups.map(({ name, places: own }) => `<div data-group><h2><a href="#${idOf(name)}">${escapeHtml(name)}</a></h2><ul>${own.map(menuItem).join('')}</ul></div>`);
	const { title, version, description } = document.info;
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)} API reference</title>
<meta name="description" content="Every call of this gateway, with its parameters, bounds, answers and examples."><link rel="icon" href="data:,"><style>${PAGE_STYLE}</style></head>
<body><a class="skip" href="#main">Skip to the operations</a><div class="layout">
<nav aria-label="Operations"><a class="brand" href="#main">${escapeHtml(title)} API</a>
<div class="search" hidden><label for="search">Search (press /)</label><input id="search" type="search" autocomplete="off" spellcheck="false"><output id="count" for="search"></output></div>
<details id="menu" open><summary>Operations</summary>${menu.join('')}</details></nav>
<main id="main"><h1>${escapeHtml(title)} API</h1><p class="type">Version ${escapeHtml(version)} · <a href="/openapi.json">OpenAPI 3.1 document</a></p>${richText(description)}${main.join('')}</main>
</div><script>${PAGE_SCRIPT}</script></body></html>`;
}

/** Methods that the same operation serves stand together. */
function placesOf(path: string, item: Readonly<Record<string, OpenApiOperation>>): Place[] {
	const all = Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }));
	const isSame = (one: OpenApiOperation, other: OpenApiOperation): boolean => new RegExp(`^${one.operationId}By(Get|Post|Put|Patch|Delete)$`).test(other.operationId);
	return all
		.filter(({ operation }) => !all.some((other) => isSame(other.operation, operation)))
		.map((place) => {
			const same = [place, ...all.filter(({ operation }) => isSame(place.operation, operation))];
			// The one that says most: with a body, where there is one.
			const shown = same.find(({ operation }) => operation.requestBody !== undefined) ?? place;
			return { ...shown, others: same.filter((other) => other !== shown).map(({ method, operation }) => ({ method, id: operation.operationId })) };
		});
}

function menuItem(place: Place): string {
	return `<li data-find="${findText(place)}"><a href="#${place.operation.operationId}">${escapeHtml(place.operation.summary)}</a></li>`;
}

function article(place: Place, origin: string, resolve: Resolve): string {
	const { method, path, operation, others } = place;
	const { operationId: id, parameters, requestBody: body } = operation;
	const schema = body?.content['application/json']?.schema;
	const inWhere = { path: 'path', query: 'query', header: 'header' } as const;
	return [
		`<article id="${id}" data-find="${findText(place)}" aria-labelledby="${id}-title">`,
		`<h3 id="${id}-title">${escapeHtml(operation.summary)}<a class="anchor" href="#${id}" aria-label="Link to ${escapeHtml(operation.summary)}">#</a></h3>`,
		`<div class="call"><span class="method ${method}">${method}</span>${others.map((other) => `<span class="method ${other.method}" id="${other.id}">${other.method}</span>`).join('')}<code>${escapeHtml(path)}</code></div>`,
		operation.description === undefined ? '' : richText(operation.description),
		parameters.length === 0 ? '' : '<h4>Parameters</h4><ul class="fields">',
		...parameters.map(({ name, in: where, required, schema: of, description }) => fieldItem(name, of, [inWhere[where], ...(required ? ['required'] : [])], description, resolve)),
		parameters.length === 0 ? '' : '</ul>',
		body === undefined || schema === undefined ? '' : `<h4>Body</h4><p>${body.required ? '' : 'May be left out. '}${inlineText(body.description)}</p>${insideOf(schema, resolve)}`,
		`<h4>Example</h4><pre class="curl" tabindex="0"><code>${escapeHtml(curlOf(origin, method, path, operation))}</code></pre>`,
		`<h4>Answers</h4><ul class="fields">${Object.entries(operation.responses)
			.map(([status, answer]) => answerItem(status, answer, resolve))
			.join('')}</ul>`,
		'</article>',
	].join('');
}

/** Errors share their few forms, which the introduction names: only good answers show their fields. */
function answerItem(status: string, { description, headers = {}, content = {} }: OpenApiAnswer, resolve: Resolve): string {
	const isGood = status.startsWith('2');
	const parts = Object.entries(content).map(([type, { schema, example }]) => (isGood ? contentOf(type, schema, example, resolve) : ''));
	const names = Object.entries(headers).map(
		([name, header]) => `<li><div class="field"><code class="name">${escapeHtml(name)}</code><span class="mark">header</span></div><p>${inlineText(header.description)}</p></li>`,
	);
	return `<li><div class="field"><span class="status ${isGood ? 'ok' : 'bad'}">${status}</span><span>${inlineText(description)}</span></div>${isGood && names.length > 0 ? `<ul class="fields">${names.join('')}</ul>` : ''}${parts.join('')}</li>`;
}

function contentOf(type: string, schema: JsonSchema | undefined, example: unknown, resolve: Resolve): string {
	const s = schema === undefined ? {} : resolve(schema);
	const inside = insideOf(s, resolve);
	const about = typeof s['description'] === 'string' && inside === '' ? `<p>${inlineText(s['description'])}</p>` : '';
	const fields = inside === '' ? '' : `<details><summary>Fields</summary>${inside}</details>`;
	const shown = example === undefined ? '' : `<pre tabindex="0"><code>${escapeHtml(JSON.stringify(example, null, 2))}</code></pre>`;
	return `<p class="type">${escapeHtml(type)}</p>${about}${shown}${fields}`;
}

/** Where the search looks: lower case. */
function findText({ method, path, operation, others }: Place): string {
	return escapeHtml(
		[method, ...others.map((other) => other.method), path, operation.summary, operation.operationId, ...operation.tags, ...operation.parameters.map(({ name }) => name)]
			.join(' ')
			.toLowerCase(),
	);
}

function idOf(group: string): string {
	return `group-${group.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}
