/** `/openapi.json` and `/docs`: the reference of every registered route. */
import { createDocument, type OpenApiDocument } from '../../openapi/document.ts';
import { type App, createApp, type DescribedRoute } from '../create-app.ts';
import { openApiOperation } from './describe.ts';

/** The application for the reference of `others` and of itself. The document is made when it is first asked for. */
export function createDocsApp(others: readonly App[]): App {
	const app = createApp();
	let text: string | undefined;
	app.get('/openapi.json', openApiOperation, () => {
		text ??= JSON.stringify(documentOf([...others.flatMap(({ routes }) => routes), ...app.routes]));
		return new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache', 'access-control-allow-origin': '*' } });
	});
	return app;
}

function documentOf(routes: readonly DescribedRoute[]): OpenApiDocument {
	return createDocument(routes);
}
