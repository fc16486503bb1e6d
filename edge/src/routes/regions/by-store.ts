/** Sorts what regions say about jobs by the JobStore that holds them, and puts the answers back in order. */
import { JOB_SHARDS_MAX } from '@longshore/shared-schema/limits';
import { type Env, settingsOf } from '../../env.ts';
import { jobStoreOf } from '../../gate/endpoint.ts';
import { isCheckedId } from '../../ids/checked-id.ts';
import { shardOfJobId } from '../../ids/job-id.ts';
import type { JobStore } from '../../stores/job-store.ts';

const OWN_ENDPOINTS_MAX = 10_000;
const ownEndpoints = new Set<string>();

/** The store of a job that a region names, or null when this edge never made such a job. */
export function storeOfJob(env: Env, endpointId: string, jobId: string): { key: string; store: DurableObjectStub<JobStore> } | null {
	const shard = shardOfJobId(jobId);
	if (shard === null || shard >= JOB_SHARDS_MAX || !isOwnEndpoint(env, endpointId)) return null;
	return { key: `${endpointId}/${shard}`, store: jobStoreOf(env, endpointId, shard) };
}

/** A region can name only endpoints that this edge made, so it can make no store but theirs. Checked once an isolate and endpoint. */
export function isOwnEndpoint(env: Env, endpointId: string): boolean {
	if (ownEndpoints.has(endpointId)) return true;
	if (!isCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'endpoint', endpointId)) return false;
	if (ownEndpoints.size >= OWN_ENDPOINTS_MAX) ownEndpoints.clear();
	ownEndpoints.add(endpointId);
	return true;
}

/** Calls each store once with its items, in their order, and returns one answer an item; `unknown` for items without a store. */
export async function askByStore<Item extends { id: string; endpointId: string }, Answer>(
	env: Env,
	items: readonly Item[],
	unknown: Answer,
	call: (store: DurableObjectStub<JobStore>, indexes: readonly number[]) => Promise<Answer[]>,
): Promise<Answer[]> {
	const answers: Answer[] = new Array<Answer>(items.length).fill(unknown);
	const groups = new Map<string, { store: DurableObjectStub<JobStore>; indexes: number[] }>();
	items.forEach((item, index) => {
		const found = storeOfJob(env, item.endpointId, item.id);
		if (found === null) return;
		const group = groups.get(found.key) ?? { store: found.store, indexes: [] };
		group.indexes.push(index);
		groups.set(found.key, group);
	});
	const calls = [...groups.values()].map(async ({ store, indexes }) => {
		const given = await call(store, indexes);
		indexes.forEach((index, i) => {
			answers[index] = given[i] ?? unknown;
		});
	});
	await Promise.all(calls);
	return answers;
}
