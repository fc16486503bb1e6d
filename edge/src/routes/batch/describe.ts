/** What the batch routes say of themselves. */
import { BATCH_BODY_BYTES_MAX, MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { batchList, batchPage, batchView, createdBatch, extendedBatch } from '@longshore/shared-schema/wire/runpod-answers';
import { batchChange, batchRequests } from '@longshore/shared-schema/wire/runpod-job';
import * as z from 'zod';
import { describeInteger } from '../../gate/query.ts';
import type { Operation } from '../../openapi/operation.ts';
import { PAGE_LIMIT, PAGE_LIMIT_DEFAULT, PAGE_OFFSET } from './requests.ts';

const body = { schema: batchRequests, bytesMax: BATCH_BODY_BYTES_MAX, required: false, example: [{ input: { prompt: 'one' } }, { input: { prompt: 'two' } }] };

export const createBatchOperation: Operation = {
	id: 'createBatch',
	group: 'Batches',
	summary: 'Make a batch',
	text: 'A draft, with the requests of the body. An empty body makes an empty draft. An endpoint has at most 10 batches that are not over.',
	key: 'run',
	limit: 'run',
	body,
	answers: { 200: { text: 'The draft.', schema: createdBatch, example: { id: 'b1m7q0c3v8x2ka', status: 'DRAFT' } } },
	errors: ['queue_full'],
};

export const listBatchesOperation: Operation = {
	id: 'listBatches',
	group: 'Batches',
	summary: 'List the batches of an endpoint',
	key: 'read',
	limit: 'status',
	answers: { 200: { text: 'The batches.', schema: batchList } },
};

export const getBatchOperation: Operation = {
	id: 'getBatch',
	group: 'Batches',
	summary: 'Read how far a batch is',
	key: 'read',
	limit: 'status',
	answers: { 200: { text: 'The batch.', schema: batchView } },
	errors: ['unknown_resource'],
};

export const updateBatchOperation: Operation = {
	id: 'updateBatch',
	group: 'Batches',
	summary: 'Name a batch',
	text: 'In any state. A batch that was never named has no `name`.',
	key: 'run',
	limit: 'run',
	body: { schema: batchChange, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { name: 'nightly embeddings' } },
	answers: { 200: { text: 'The batch.', schema: batchView } },
	errors: ['unknown_resource'],
};

export const addBatchRequestsOperation: Operation = {
	id: 'addBatchRequests',
	group: 'Batches',
	summary: 'Add requests to a draft',
	text: 'A batch has at most 5,000 requests, all batches of an endpoint together 50,000 that have not ended.',
	key: 'run',
	limit: 'run',
	body,
	answers: { 200: { text: 'The batch and the ids of the added requests, in their order.', schema: extendedBatch } },
	errors: ['unknown_resource', 'conflict', 'queue_full'],
};

export const batchRequestsOperation: Operation = {
	id: 'batchRequests',
	group: 'Batches',
	summary: 'Read the results of a batch, page by page',
	key: 'read',
	limit: 'status',
	query: [describeInteger(PAGE_OFFSET, 0, 'How many to leave out.'), describeInteger(PAGE_LIMIT, PAGE_LIMIT_DEFAULT, 'How many at most.')],
	answers: { 200: { text: 'A page, in the order in which the requests were added.', schema: batchPage } },
	errors: ['unknown_resource'],
};

export const removeBatchRequestOperation: Operation = {
	id: 'removeBatchRequest',
	group: 'Batches',
	summary: 'Take a request out of a draft',
	key: 'run',
	limit: 'run',
	path: [{ name: 'job', text: 'Id of the request.', schema: z.string() }],
	answers: { 200: { text: 'The batch without it.', schema: batchView } },
	errors: ['unknown_resource', 'conflict'],
};

export const finalizeBatchOperation: Operation = {
	id: 'finalizeBatch',
	group: 'Batches',
	summary: 'Close a draft and run it',
	key: 'run',
	limit: 'run',
	answers: { 200: { text: 'The batch; its requests begin to run.', schema: batchView } },
	errors: ['unknown_resource', 'conflict'],
};

export const cancelBatchOperation: Operation = {
	id: 'cancelBatch',
	group: 'Batches',
	summary: 'Cancel what has not ended of a batch',
	key: 'run',
	limit: 'run',
	answers: { 200: { text: 'The batch.', schema: batchView } },
	errors: ['unknown_resource', 'conflict'],
};
