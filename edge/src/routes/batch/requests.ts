/** `GET /v2/{endpoint}/batch/{batch}/requests?offset=&limit=`: a page of requests with their results, written part by part. */
import type { Env } from '../../env.ts';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';
import type { BatchStore } from '../../stores/batch-store.ts';
import type { RequestRow } from '../../stores/batch-table.ts';
import { batchError, enterBatch } from './enter.ts';

/** Requests of a page when `limit` says nothing. */
export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT: IntegerParameter = { name: 'limit', min: 1, max: 1_000 };
export const PAGE_OFFSET: IntegerParameter = { name: 'offset', min: 0 };
const encoder = new TextEncoder();

export async function batchRequests(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'read', batchId);
	const offset = integerOf(request, PAGE_OFFSET, 0);
	const limit = integerOf(request, PAGE_LIMIT, PAGE_LIMIT_DEFAULT);
	const page = await store.page(batchId, offset, limit);
	if (page === null) throw batchError('unknown');
	const { requests, total } = page;
	const tail = `],"total":${total},"offset":${offset},"limit":${limit},"hasMore":${offset + requests.length < total}}`;
	const parts = pageParts(store, requests, tail);
	const body = new ReadableStream<Uint8Array>({
		async pull(controller) {
			const { done, value } = await parts.next();
			if (done === true) controller.close();
			else controller.enqueue(value);
		},
	});
	return new Response(body, { headers: { 'content-type': 'application/json' } });
}

/** Outputs are put in as they are: one at a time is in memory. */
async function* pageParts(store: DurableObjectStub<BatchStore>, requests: readonly RequestRow[], tail: string): AsyncGenerator<Uint8Array> {
	let before = '{"requests":[';
	for (const { n, id, status, error, startedAt, completedAt } of requests) {
		const output = status === 'COMPLETED' ? await store.outputPart(n, 0) : null;
		yield encoder.encode(`${before}{"id":"${id}","status":"${status}"${output === null ? '' : ',"output":'}`);
		for (let part = output, at = 1; part !== null; part = await store.outputPart(n, at++)) yield part;
		yield encoder.encode(`${error === null ? '' : `,"error":${JSON.stringify(error)}`},"startedAt":${timeText(startedAt)},"completedAt":${timeText(completedAt)}}`);
		before = ',';
	}
	yield encoder.encode(`${requests.length === 0 ? before : ''}${tail}`);
}

/** As RunPod writes them: a time as text, though `createdAt` of a batch is a number. */
function timeText(at: number | null): string {
	return at === null ? 'null' : `"${new Date(at).toISOString()}"`;
}
