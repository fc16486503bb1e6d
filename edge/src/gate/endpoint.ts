/** Which endpoint a path names: only one of the caller's own account, and only ids that this edge made reach a store. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { RateRoute } from '@longshore/shared-schema/limits';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { KeyVerb } from '../core/key-scope.ts';
import { type Env, settingsOf } from '../env.ts';
import { isCheckedId } from '../ids/checked-id.ts';
import { type JobAddress, readJobId } from '../ids/job-id.ts';
import type { JobStore } from '../stores/job-store.ts';
import { authenticate, type Caller, reaches, requireScope } from './authenticate.ts';
import { admit } from './rate-limit.ts';

/** A changed endpoint is seen within this time. */
const CACHE_MS = 1_000;
const CACHE_ENDPOINTS_MAX = 10_000;
const cache = new Map<string, { record: EndpointRecord; until: number }>();

/** The caller's endpoint; the request counts against the limits of `route`. Throws the gate's errors, or `unknown_endpoint`: another account's, and one that the key does not reach, look like none. */
export async function enterEndpoint(env: Env, request: Request, endpointId: string, verb: KeyVerb, route?: RateRoute): Promise<EndpointRecord> {
	const caller = await authenticate(env, request);
	const record = await findEndpoint(env, caller, endpointId);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	requireScope(caller, verb);
	if (route !== undefined) await admit(env, request, record, route);
	return record;
}

/** An endpoint of the caller's account that its key reaches, or null. */
export async function findEndpoint(env: Env, caller: Caller, endpointId: string): Promise<EndpointRecord | null> {
	const known = cache.get(endpointId);
	const now = Date.now();
	if (known === undefined && !isCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'endpoint', endpointId)) return null;
	const record = known !== undefined && now < known.until ? known.record : await readEndpoint(env, endpointId, now);
	return record?.accountId === caller.accountId && reaches(caller, endpointId) ? record : null;
}

/** Forgets the isolate's copy, after a change made through it. */
export function forgetEndpoint(endpointId: string): void {
	cache.delete(endpointId);
}

/** The address of a job id of this endpoint. Throws `unknown_job` for anything that this edge did not make. */
export function addressOf(env: Env, endpoint: EndpointRecord, jobId: string): JobAddress {
	const address = readJobId(settingsOf(env).LONGSHORE_ID_KEY, endpoint.id, jobId);
	if (address === null || address.shard >= endpoint.shards) throw unknownJob();
	return address;
}

/** The store of a shard. */
export function jobStoreOf(env: Env, endpointId: string, shard: number): DurableObjectStub<JobStore> {
	return env.JOB_STORE.getByName(`${endpointId}/${shard}`);
}

/** The error for a job that is not there (any more). */
export function unknownJob(): LongshoreError {
	return new LongshoreError('unknown_job', 'job not found: unknown id, or its result has expired');
}

async function readEndpoint(env: Env, endpointId: string, now: number): Promise<EndpointRecord | null> {
	const record = await env.ENDPOINT_STORE.getByName(endpointId).get();
	if (cache.size >= CACHE_ENDPOINTS_MAX) cache.clear();
	if (record === null) cache.delete(endpointId);
	else cache.set(endpointId, { record, until: now + CACHE_MS });
	return record;
}
