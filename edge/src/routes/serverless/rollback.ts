/** `POST /v2/serverless/{id}/rollback`: ours. Brings the workers of an earlier release back, as a new release. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { rollbackV2 } from '@longshore/shared-schema/wire/rest-v2/fleet-answers';
import type { Env } from '../../env.ts';
import { enterEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';
import { readManageBody } from './parse.ts';
import { showEndpoint } from './show.ts';

export async function rollbackServerless(env: Env, request: Request, id: string): Promise<Response> {
	await enterEndpoint(env, request, id, 'manage');
	const { version } = await readManageBody(request, rollbackV2);
	const store = env.ENDPOINT_STORE.getByName(id);
	const record = await store.rollback(version);
	forgetEndpoint(id);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	if (record === 'unknown') {
		const kept = (await store.releases()).map((release) => release.version);
		throw new LongshoreError('unknown_resource', `release not found: version ${version} is not among those kept, ${Math.min(...kept)} to ${Math.max(...kept)}`);
	}
	if (record === 'same') throw new LongshoreError('conflict', `version: release ${version} has the same workers as the current one: nothing to roll back`);
	if ('problems' in record) throw LongshoreError.unprocessable(record.problems);
	return Response.json(showEndpoint(env, record, request));
}
