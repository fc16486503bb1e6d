/** `POST /v2/serverless/{id}/webhook-secret/rotate`: a new secret for signing webhooks, shown once; the old one signs beside it for a day. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { findEndpoint } from '../../gate/endpoint.ts';

export async function rotateWebhookSecret(env: Env, request: Request, id: string): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'manage');
	const known = await findEndpoint(env, caller, id);
	const secret = known === null ? null : await env.ENDPOINT_STORE.getByName(id).rotateWebhookSecret();
	if (secret === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	return Response.json({ secret });
}
