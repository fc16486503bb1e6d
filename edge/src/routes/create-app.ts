/** A Hono application with one regular expression for all its paths: their order and number cost a request nothing. No route without its description. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Context, Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { allowedMethods } from '../core/allowed-methods.ts';
import type { Env } from '../env.ts';
import { errorAnswer } from '../errors.ts';
import { throwAwayBody } from '../gate/body.ts';
import type { INTERNAL, Operation } from '../openapi/operation.ts';

type Bindings = { Bindings: Env };
type Describe = Operation | typeof INTERNAL;
type Handler<P extends string> = (c: Context<Bindings, P>) => Response | Promise<Response>;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A registered route and what it says of itself. */
export interface DescribedRoute {
	readonly method: Method;
	/** With Hono's `:name` and `*`. */
	readonly path: string;
	readonly operation: Describe;
}

/** Routes of one family of paths. */
export interface App {
	readonly routes: readonly DescribedRoute[];
	readonly fetch: Hono<Bindings>['fetch'];
	/** What the router itself answers, for whoever compares. */
	served(): { method: string; path: string }[];
	get<P extends string>(path: P, operation: Describe, handler: Handler<P>): void;
	post<P extends string>(path: P, operation: Describe, handler: Handler<P>): void;
	put<P extends string>(path: P, operation: Describe, handler: Handler<P>): void;
	patch<P extends string>(path: P, operation: Describe, handler: Handler<P>): void;
	delete<P extends string>(path: P, operation: Describe, handler: Handler<P>): void;
	/** One handler for several methods. */
	on<P extends string>(methods: readonly Method[], path: P, operation: Describe, handler: Handler<P>): void;
}

/** An empty application that answers unknown paths, wrong methods and errors as ours do. Its paths must not overlap: the router refuses those. */
export function createApp(): App {
	const app = new Hono<Bindings>({ strict: false, router: new RegExpRouter() });
	app.notFound(async (c) => {
		await throwAwayBody(c.req.raw);
		return refuse(app, c.req.raw);
	});
	app.onError(async (error, c) => {
		await throwAwayBody(c.req.raw);
		return errorAnswer(error, c.req.raw);
	});
	const routes: DescribedRoute[] = [];
	const on: App['on'] = (methods, path, operation, handler) => {
		routes.push(...methods.map((method) => ({ method, path, operation })));
		app.on([...methods], path, handler as Handler<string>);
	};
	return {
		routes,
		fetch: app.fetch,
		served: () => app.routes.map(({ method, path }) => ({ method, path })),
		on,
		get: (path, operation, handler) => on(['GET'], path, operation, handler),
		post: (path, operation, handler) => on(['POST'], path, operation, handler),
		put: (path, operation, handler) => on(['PUT'], path, operation, handler),
		patch: (path, operation, handler) => on(['PATCH'], path, operation, handler),
		delete: (path, operation, handler) => on(['DELETE'], path, operation, handler),
	};
}

/** 405 with `Allow` where the path has other methods, else 404. */
function refuse(app: Hono<Bindings>, request: Request): Response {
	const { pathname } = new URL(request.url);
	const asked = `${request.method} ${pathname.slice(0, 200)}`;
	const allowed = allowedMethods(app.routes, pathname);
	if (allowed.length === 0) return errorAnswer(new LongshoreError('unknown_route', `no such route: ${asked}`), request);
	const answer = errorAnswer(new LongshoreError('method_not_allowed', `${asked}: this path takes ${allowed.join(', ')}`), request);
	answer.headers.set('allow', allowed.join(', '));
	return answer;
}
