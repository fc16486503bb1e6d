/** `GET /v2/billing/serverless` and `GET /v1/billing/endpoints`: what the caller's endpoints took and cost. */
import { billRows } from '../../core/bill.ts';
import type { Env } from '../../env.ts';
import { authenticate, type Caller, requireScope } from '../../gate/authenticate.ts';
import { findEndpoint } from '../../gate/endpoint.ts';
import { type BillQuery, billQueryOf, bucketStart } from './query.ts';

/** REST v2 wraps its lists. */
export async function readBillV2(env: Env, request: Request): Promise<Response> {
	return Response.json({ billing: await readBill(env, request) });
}

export async function readBillV1(env: Env, request: Request): Promise<Response> {
	return Response.json(await readBill(env, request));
}

async function readBill(env: Env, request: Request) {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const query = billQueryOf(request, Date.now());
	const booked = await Promise.all((await endpointsOf(env, caller, query)).map((id) => bookedOf(env, id, query)));
	return billRows(booked.flat(), query.grouping);
}

/** Those of the caller's account that its key reaches; an id that is none of them bills nothing. */
async function endpointsOf(env: Env, caller: Caller, { endpointIds }: BillQuery): Promise<string[]> {
	const own = await env.ACCOUNT_STORE.getByName(caller.accountId).endpointIds();
	const asked = own.filter((id) => endpointIds.length === 0 || endpointIds.includes(id));
	const records = await Promise.all(asked.map((id) => findEndpoint(env, caller, id)));
	return records.flatMap((record) => (record === null ? [] : [record.id]));
}

async function bookedOf(env: Env, endpointId: string, { fromMs, toMs, bucketSize, dataCenterIds, gpuTypeIds }: BillQuery) {
	const rows = await env.ENDPOINT_STORE.getByName(endpointId).usage(fromMs, toMs);
	return rows
		.filter((row) => dataCenterIds.length === 0 || dataCenterIds.includes(row.data_center))
		.filter((row) => gpuTypeIds.length === 0 || gpuTypeIds.includes(row.gpu_type))
		.map((row) => ({
			endpointId,
			time: bucketStart(row.hour, bucketSize),
			worker: row.worker,
			gpuType: row.gpu_type,
			dataCenter: row.data_center,
			starting: row.starting,
			running: row.running,
			idle: row.idle,
			amount: row.amount,
		}));
}
