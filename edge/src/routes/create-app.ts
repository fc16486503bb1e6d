/** A Hono application with one regular expression for all its paths: their order and number cost a request nothing. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import type { Env } from '../env.ts';
import { errorAnswer } from '../errors.ts';

/** An empty application that answers unknown paths and errors as ours do. Its paths must not overlap: the router refuses those. */
export function createApp(): Hono<{ Bindings: Env }> {
	const app = new Hono<{ Bindings: Env }>({ strict: false, router: new RegExpRouter() });
	app.notFound((c) => errorAnswer(new LongshoreError('unknown_route', `no such route: ${c.req.method} ${new URL(c.req.url).pathname.slice(0, 200)}`), c.req.raw));
	app.onError((error, c) => errorAnswer(error, c.req.raw));
	return app;
}
