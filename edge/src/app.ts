/** Which application serves a path. `/v2/serverless` and `/v2/{endpoint}` overlap, and a router that weighs them costs more than the rest of a call. */
import { managedNoun } from './core/api-path.ts';
import { accountApp } from './routes/account/app.ts';
import { balancerApp } from './routes/balancer/app.ts';
import { billingApp } from './routes/billing/app.ts';
import { catalogApp } from './routes/catalog/app.ts';
import type { App } from './routes/create-app.ts';
import { createDocsApp } from './routes/docs/app.ts';
import { jobsApp } from './routes/jobs/app.ts';
import { regionsApp } from './routes/regions/app.ts';
import { serverlessApp } from './routes/serverless/app.ts';
import { v1App } from './routes/v1/app.ts';

const docsApp = createDocsApp([jobsApp, balancerApp, serverlessApp, accountApp, catalogApp, billingApp, v1App, regionsApp]);
/** Every application: what is not here is not served. */
export const apps: readonly App[] = [jobsApp, balancerApp, serverlessApp, accountApp, catalogApp, billingApp, v1App, regionsApp, docsApp];

/** By the noun behind `/v2/`; what is not here belongs to the account. */
const MANAGED_APPS: Readonly<Record<string, App>> = { serverless: serverlessApp, catalog: catalogApp, billing: billingApp };

/** The application for `url`, an absolute URL. */
export function appFor(url: string): App {
	const path = url.slice(url.indexOf('/', 'https://'.length));
	if (path.startsWith('/lb/')) return balancerApp;
	if (path.startsWith('/v1/')) return path.startsWith('/v1/billing/') ? billingApp : v1App;
	if (!path.startsWith('/v2/')) return /^\/(?:openapi\.json|docs)(?![^/?#])/.test(path) ? docsApp : regionsApp;
	const noun = managedNoun(path);
	if (noun === null) return jobsApp;
	return MANAGED_APPS[noun] ?? accountApp;
}
