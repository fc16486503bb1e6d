/** `/openapi.json` and `/docs`: the reference of every registered route. */
import { createHash } from 'node:crypto';
import { createDocument, type OpenApiDocument } from '../../openapi/document.ts';
import { renderPage } from '../../openapi/page.ts';
import { PAGE_SCRIPT, PAGE_STYLE } from '../../openapi/page-style.ts';
import { type App, createApp } from '../create-app.ts';
import { docsOperation, openApiOperation } from './describe.ts';

/** The application for the reference of `others` and of itself. The document is made when it is first asked for. */
export function createDocsApp(others: readonly App[]): App {
	const app = createApp();
	let made: { document: OpenApiDocument; text: string } | undefined;
	const reference = (): NonNullable<typeof made> => {
		if (made === undefined) {
			const document = createDocument([...others.flatMap(({ routes }) => routes), ...app.routes]);
			made = { document, text: JSON.stringify(document) };
		}
		return made;
	};
	app.get(
		'/openapi.json',
		openApiOperation,
		() => new Response(reference().text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache', 'access-control-allow-origin': '*' } }),
	);
	app.get('/docs', docsOperation, (c) => new Response(renderPage(reference().document, new URL(c.req.url).origin), { headers: pageHeaders() }));
	return app;
}

/** The page may run its own script, show its own style, and ask nothing of anybody. */
function pageHeaders(): Record<string, string> {
	const policy = [
		"default-src 'none'",
		`style-src ${hashOf(PAGE_STYLE)}`,
		`script-src ${hashOf(PAGE_SCRIPT)}`,
		'img-src data:',
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	].join('; ');
	return {
		'content-type': 'text/html; charset=utf-8',
		'content-security-policy': policy,
		'x-content-type-options': 'nosniff',
		'referrer-policy': 'no-referrer',
		'cache-control': 'no-cache',
	};
}

function hashOf(text: string): string {
	return `'sha256-${Buffer.from(createHash('sha256').update(text).digest()).toString('base64')}'`;
}
