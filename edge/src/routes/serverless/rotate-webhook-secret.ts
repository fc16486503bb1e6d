/** `POST /v2/serverless/{id}/webhook-secret/rotate`: a new secret for signing webhooks, shown once; the old one signs beside it for a day. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';

export async function rotateWebhookSecret(env: Env, request: Request, id: string): Promise<Response> {
	await enterEndpoint(env, request, id, 'manage');
	const secret = await env.ENDPOINT_STORE.getByName(id).rotateWebhookSecret();
	if (secret === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	return Response.json({ secret });
}
