/** The paths of one endpoint's jobs; one handler file a verb. */
import { addBatchRequests } from '../batch/add-requests.ts';
import { cancelBatch } from '../batch/cancel.ts';
import { createBatch } from '../batch/create.ts';
import { finalizeBatch } from '../batch/finalize.ts';
import { getBatch, listBatches } from '../batch/read.ts';
import { removeBatchRequest } from '../batch/remove-request.ts';
import { batchRequests } from '../batch/requests.ts';
import { createApp } from '../create-app.ts';
import { openAi } from '../openai/call.ts';
import { cancel } from './cancel.ts';
import { health } from './health.ts';
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

jobsApp.post('/v2/:endpoint/run', (c) => run(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.post('/v2/:endpoint/runsync', (c) => runsync(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/status/:job', (c) => status(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/status-sync/:job', (c) => statusSync(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext));
jobsApp.post('/v2/:endpoint/cancel/:job', (c) => cancel(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.on(['GET', 'POST'], '/v2/:endpoint/stream/:job', (c) => stream(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext));
jobsApp.post('/v2/:endpoint/retry/:job', (c) => retry(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.post('/v2/:endpoint/purge-queue', (c) => purgeQueue(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/requests', (c) => requests(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/webhooks', (c) => webhookCounts(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/webhooks/:job', (c) => webhookLog(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.post('/v2/:endpoint/webhooks/:job/replay', (c) => replayWebhook(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
jobsApp.get('/v2/:endpoint/health', (c) => health(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], '/v2/:endpoint/openai/v1/*', (c) => openAi(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext));
jobsApp.post('/v2/:endpoint/batch', (c) => createBatch(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/batch', (c) => listBatches(c.env, c.req.raw, c.req.param('endpoint')));
jobsApp.get('/v2/:endpoint/batch/:batch', (c) => getBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.post('/v2/:endpoint/batch/:batch/requests', (c) => addBatchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.get('/v2/:endpoint/batch/:batch/requests', (c) => batchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.delete('/v2/:endpoint/batch/:batch/requests/:job', (c) => removeBatchRequest(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch'), c.req.param('job')));
jobsApp.post('/v2/:endpoint/batch/:batch/finalize', (c) => finalizeBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
jobsApp.post('/v2/:endpoint/batch/:batch/cancel', (c) => cancelBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
