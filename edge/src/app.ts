/** Which application serves a path. `/v2/serverless` and `/v2/{endpoint}` overlap, and a router that weighs them costs more than the rest of a call. */
import type { Hono } from 'hono';
import { managedNoun } from './core/api-path.ts';
import type { Env } from './env.ts';
import { accountApp } from './routes/account/app.ts';
import { jobsApp } from './routes/jobs/app.ts';
import { regionsApp } from './routes/regions/app.ts';
import { serverlessApp } from './routes/serverless/app.ts';

/** The application for `url`, an absolute URL. */
export function appFor(url: string): Hono<{ Bindings: Env }> {
	const path = url.slice(url.indexOf('/', 'https://'.length));
	if (!path.startsWith('/v2/')) return regionsApp;
	const noun = managedNoun(path);
	if (noun === null) return jobsApp;
	return noun === 'serverless' ? serverlessApp : accountApp;
}
