/** Load-balanced endpoints: `/lb/{endpoint}/…`, and every path of `{endpoint}.<domain>` where the operator has set one. No router: any method, any path. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type BalancedTarget, targetOfHost, targetOfPath } from '../../core/balanced-path.ts';
import { type Env, settingsOf } from '../../env.ts';
import { errorAnswer } from '../../errors.ts';
import { type App, createApp } from '../create-app.ts';
import { callBalanced } from './call.ts';
import { balancedOperation } from './describe.ts';

const described = createApp();
described.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], '/lb/:endpoint/*', balancedOperation, () => {
	throw new Error('served without the router');
});

/** `/lb/{endpoint}/…`. */
export const balancerApp: App = { ...described, fetch: (request, env, ctx) => serve(request, env as Env, ctx as ExecutionContext, targetOfPath(request.url)) };

/** The answer to a request for a host name below the endpoints' domain; null for every other host. */
export function serveByHost(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> | null {
	if (env['LONGSHORE_ENDPOINT_DOMAIN'] === undefined) return null;
	const target = targetOfHost(request.url, settingsOf(env).LONGSHORE_ENDPOINT_DOMAIN);
	return target === null ? null : serve(request, env, ctx, target);
}

async function serve(request: Request, env: Env, ctx: ExecutionContext, target: BalancedTarget | null): Promise<Response> {
	try {
		if (target === null) throw new LongshoreError('unknown_route', 'no such route');
		return await callBalanced(env, request, ctx, target);
	} catch (error) {
		return errorAnswer(error, request, 'balancer');
	}
}
