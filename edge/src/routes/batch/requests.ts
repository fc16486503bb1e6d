/** `GET /v2/{endpoint}/batch/{batch}/requests?offset=&limit=`: a page of requests with their results, written part by part. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import type { BatchStore } from '../../stores/batch-store.ts';
import type { RequestRow } from '../../stores/batch-table.ts';
import { queryOf } from '../jobs/wait.ts';
import { batchError, enterBatch } from './enter.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const encoder = new TextEncoder();

export async function batchRequests(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'read', batchId);
	const offset = numberOf(request, 'offset', 0, 0, Number.MAX_SAFE_INTEGER);
	const limit = numberOf(request, 'limit', LIMIT_DEFAULT, 1, LIMIT_MAX);
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
		yield encoder.encode(`${error === null ? '' : `,"error":${JSON.stringify(error)}`},"startedAt":${startedAt},"completedAt":${completedAt}}`);
		before = ',';
	}
	yield encoder.encode(`${requests.length === 0 ? before : ''}${tail}`);
}

function numberOf(request: Request, name: string, byDefault: number, min: number, max: number): number {
	const text = queryOf(request, name);
	if (text === null) return byDefault;
	const value = Number(text);
	if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
	throw new LongshoreError('invalid_request', `${name} must be an integer from ${min} to ${max}`);
}
