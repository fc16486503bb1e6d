/** The paths of one endpoint's jobs; one handler file a verb. */
import { addBatchRequests } from '../batch/add-requests.ts';
import { cancelBatch } from '../batch/cancel.ts';
import { createBatch } from '../batch/create.ts';
import {
	addBatchRequestsOperation,
	batchRequestsOperation,
	cancelBatchOperation,
	createBatchOperation,
	finalizeBatchOperation,
	getBatchOperation,
	listBatchesOperation,
	removeBatchRequestOperation,
	updateBatchOperation,
} from '../batch/describe.ts';
import { finalizeBatch } from '../batch/finalize.ts';
import { getBatch, listBatches } from '../batch/read.ts';
import { removeBatchRequest } from '../batch/remove-request.ts';
import { batchRequests } from '../batch/requests.ts';
import { updateBatch } from '../batch/update.ts';
import { createApp } from '../create-app.ts';
import { jobLogsOperation } from '../logs/describe.ts';
import { jobLogs } from '../logs/job-logs.ts';
import { openAi } from '../openai/call.ts';
import { openAiOperation } from '../openai/describe.ts';
import { cancel } from './cancel.ts';
import { costOfOne, costs } from './costs.ts';
import { costsOperation, jobCostOperation } from './describe-costs.ts';
import { cancelOperation, healthOperation, metricsOperation, purgeQueueOperation, requestsOperation } from './describe-endpoint.ts';
import { statusOperation, statusSyncOperation, streamOperation } from './describe-read.ts';
import { retryOperation, runOperation, runsyncOperation } from './describe-submit.ts';
import { replayWebhookOperation, webhookCountsOperation, webhookLogOperation } from './describe-webhooks.ts';
import { health } from './health.ts';
import { metrics } from './metrics.ts';
import { purgeQueue } from './purge-queue.ts';
import { requests } from './requests.ts';
import { retry } from './retry.ts';
import { run } from './run.ts';
import { runsync } from './runsync.ts';
import { status } from './status.ts';
import { statusSync } from './status-sync.ts';
import { stream } from './stream.ts';
import { replayWebhook, webhookCounts, webhookLog } from './webhooks.ts';

/** `/v2/{endpoint}/…`. */
export const jobsApp = createApp();

jobsApp.post('/v2/:endpoint/run', runOperation, (c) => run(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.post('/v2/:endpoint/runsync', runsyncOperation, (c) => runsync(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/status/:job', statusOperation, (c) => status(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/status-sync/:job', statusSyncOperation, (c) =>
	statusSync(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext),
);
jobsApp.post('/v2/:endpoint/cancel/:job', cancelOperation, (c) => cancel(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/stream/:job', streamOperation, (c) =>
	stream(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext),
);
jobsApp.post('/v2/:endpoint/retry/:job', retryOperation, (c) => retry(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.post('/v2/:endpoint/purge-queue', purgeQueueOperation, (c) => purgeQueue(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/logs/:job', jobLogsOperation, (c) => jobLogs(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext));
jobsApp.get('/v2/:endpoint/requests', requestsOperation, (c) => requests(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/costs', costsOperation, (c) => costs(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/costs/:job', jobCostOperation, (c) => costOfOne(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.get('/v2/:endpoint/webhooks', webhookCountsOperation, (c) => webhookCounts(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/webhooks/:job', webhookLogOperation, (c) => webhookLog(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.post('/v2/:endpoint/webhooks/:job/replay', replayWebhookOperation, (c) => replayWebhook(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.get('/v2/:endpoint/health', healthOperation, (c) => health(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/metrics', metricsOperation, (c) => metrics(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], '/v2/:endpoint/openai/v1/*', openAiOperation, (c) =>
	openAi(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext),
);
jobsApp.post('/v2/:endpoint/batch', createBatchOperation, (c) => createBatch(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/batch', listBatchesOperation, (c) => listBatches(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/batch/:batch', getBatchOperation, (c) => getBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.put('/v2/:endpoint/batch/:batch', updateBatchOperation, (c) => updateBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.post('/v2/:endpoint/batch/:batch/requests', addBatchRequestsOperation, (c) => addBatchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.get('/v2/:endpoint/batch/:batch/requests', batchRequestsOperation, (c) => batchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.delete('/v2/:endpoint/batch/:batch/requests/:job', removeBatchRequestOperation, (c) =>
	removeBatchRequest(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch'), c.req.param('job')),
);
jobsApp.post('/v2/:endpoint/batch/:batch/finalize', finalizeBatchOperation, (c) => finalizeBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.post('/v2/:endpoint/batch/:batch/cancel', cancelBatchOperation, (c) => cancelBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
