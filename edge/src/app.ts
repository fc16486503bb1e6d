/** Which application serves a path. `/v2/serverless` and `/v2/{endpoint}` overlap, and a router that weighs them costs more than the rest of a call. */
import { managedNoun } from './core/api-path.ts';
import { accountApp } from './routes/account/app.ts';
import { catalogApp } from './routes/catalog/app.ts';
import type { App } from './routes/create-app.ts';
import { createDocsApp } from './routes/docs/app.ts';
import { jobsApp } from './routes/jobs/app.ts';
import { regionsApp } from './routes/regions/app.ts';
import { serverlessApp } from './routes/serverless/app.ts';
import { v1App } from './routes/v1/app.ts';

const docsApp = createDocsApp([jobsApp, serverlessApp, accountApp, catalogApp, v1App, regionsApp]);
/** Every application: what is not here is not served. */
export const apps: readonly App[] = [jobsApp, serverlessApp, accountApp, catalogApp, v1App, regionsApp, docsApp];

/** The application for `url`, an absolute URL. */
export function appFor(url: string): App {
	const path = url.slice(url.indexOf('/', 'https://'.length));
	if (!path.startsWith('/v2/')) return path.startsWith('/v1/') ? v1App : /^\/(?:openapi\.json|docs)(?![^/?#])/.test(path) ? docsApp : regionsApp;
	const noun = managedNoun(path);
	if (noun === null) return jobsApp;
	return noun === 'serverless' ? serverlessApp : noun === 'catalog' ? catalogApp : accountApp;
}
