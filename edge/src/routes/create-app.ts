/** A Hono application with one regular expression for all its paths: their order and number cost a request nothing. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { allowedMethods } from '../core/allowed-methods.ts';
import type { Env } from '../env.ts';
import { errorAnswer } from '../errors.ts';

/** An empty application that answers unknown paths, wrong methods and errors as ours do. Its paths must not overlap: the router refuses those. */
export function createApp(): Hono<{ Bindings: Env }> {
	const app = new Hono<{ Bindings: Env }>({ strict: false, router: new RegExpRouter() });
	app.notFound((c) => refuse(app, c.req.raw));
	app.onError((error, c) => errorAnswer(error, c.req.raw));
	return app;
}

/** 405 with `Allow` where the path has other methods, else 404. */
function refuse(app: Hono<{ Bindings: Env }>, request: Request): Response {
	const { pathname } = new URL(request.url);
	const asked = `${request.method} ${pathname.slice(0, 200)}`;
	const allowed = allowedMethods(app.routes, pathname);
	if (allowed.length === 0) return errorAnswer(new LongshoreError('unknown_route', `no such route: ${asked}`), request);
	const answer = errorAnswer(new LongshoreError('method_not_allowed', `${asked}: this path takes ${allowed.join(', ')}`), request);
	answer.headers.set('allow', allowed.join(', '));
	return answer;
}
