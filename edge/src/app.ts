/** Every path of the edge, by Hono; one handler file a verb. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { Hono } from 'hono';
import type { Env } from './env.ts';
import { errorAnswer } from './errors.ts';
import { createAccount } from './routes/admin/accounts.ts';
import { listRegions, putRegion } from './routes/admin/regions.ts';
import { addBatchRequests } from './routes/batch/add-requests.ts';
import { cancelBatch } from './routes/batch/cancel.ts';
import { createBatch } from './routes/batch/create.ts';
import { finalizeBatch } from './routes/batch/finalize.ts';
import { getBatch, listBatches } from './routes/batch/read.ts';
import { removeBatchRequest } from './routes/batch/remove-request.ts';
import { batchRequests } from './routes/batch/requests.ts';
import { cancel } from './routes/jobs/cancel.ts';
import { health } from './routes/jobs/health.ts';
import { purgeQueue } from './routes/jobs/purge-queue.ts';
import { requests } from './routes/jobs/requests.ts';
import { retry } from './routes/jobs/retry.ts';
import { run } from './routes/jobs/run.ts';
import { runsync } from './routes/jobs/runsync.ts';
import { status } from './routes/jobs/status.ts';
import { statusSync } from './routes/jobs/status-sync.ts';
import { stream } from './routes/jobs/stream.ts';
import { replayWebhook, webhookCounts, webhookLog } from './routes/jobs/webhooks.ts';
import { openAi } from './routes/openai/call.ts';
import { claim } from './routes/regions/claim.ts';
import { events } from './routes/regions/events.ts';
import { heartbeat } from './routes/regions/heartbeat.ts';
import { output, payload } from './routes/regions/transfer.ts';
import { createServerless } from './routes/serverless/create.ts';
import { deleteServerless } from './routes/serverless/delete.ts';
import { getServerless, listServerless } from './routes/serverless/read.ts';
import { rotateWebhookSecret } from './routes/serverless/rotate-webhook-secret.ts';
import { updateServerless } from './routes/serverless/update.ts';

/** The edge's HTTP application. */
export const app = new Hono<{ Bindings: Env }>({ strict: false });

app.get('/v2/serverless', (c) => listServerless(c.env, c.req.raw));
app.post('/v2/serverless', (c) => createServerless(c.env, c.req.raw));
app.get('/v2/serverless/:id', (c) => getServerless(c.env, c.req.raw, c.req.param('id')));
app.patch('/v2/serverless/:id', (c) => updateServerless(c.env, c.req.raw, c.req.param('id')));
app.post('/v2/serverless/:id/webhook-secret/rotate', (c) => rotateWebhookSecret(c.env, c.req.raw, c.req.param('id')));
app.delete('/v2/serverless/:id', (c) => deleteServerless(c.env, c.req.raw, c.req.param('id')));

app.post('/v2/:endpoint/run', (c) => run(c.env, c.req.raw, c.req.param('endpoint')));
app.post('/v2/:endpoint/runsync', (c) => runsync(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext));
app.on(['GET', 'POST'], '/v2/:endpoint/status/:job', (c) => status(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
app.on(['GET', 'POST'], '/v2/:endpoint/status-sync/:job', (c) => statusSync(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext));
app.post('/v2/:endpoint/cancel/:job', (c) => cancel(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
app.on(['GET', 'POST'], '/v2/:endpoint/stream/:job', (c) => stream(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job'), c.executionCtx as ExecutionContext));
app.post('/v2/:endpoint/retry/:job', (c) => retry(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
app.post('/v2/:endpoint/purge-queue', (c) => purgeQueue(c.env, c.req.raw, c.req.param('endpoint')));
app.get('/v2/:endpoint/requests', (c) => requests(c.env, c.req.raw, c.req.param('endpoint')));
app.get('/v2/:endpoint/webhooks', (c) => webhookCounts(c.env, c.req.raw, c.req.param('endpoint')));
app.get('/v2/:endpoint/webhooks/:job', (c) => webhookLog(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
app.post('/v2/:endpoint/webhooks/:job/replay', (c) => replayWebhook(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('job')));
app.get('/v2/:endpoint/health', (c) => health(c.env, c.req.raw, c.req.param('endpoint')));
app.on(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], '/v2/:endpoint/openai/v1/*', (c) => openAi(c.env, c.req.raw, c.req.param('endpoint'), c.executionCtx as ExecutionContext));

app.post('/v2/:endpoint/batch', (c) => createBatch(c.env, c.req.raw, c.req.param('endpoint')));
app.get('/v2/:endpoint/batch', (c) => listBatches(c.env, c.req.raw, c.req.param('endpoint')));
app.get('/v2/:endpoint/batch/:batch', (c) => getBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
app.post('/v2/:endpoint/batch/:batch/requests', (c) => addBatchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
app.get('/v2/:endpoint/batch/:batch/requests', (c) => batchRequests(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
app.delete('/v2/:endpoint/batch/:batch/requests/:job', (c) => removeBatchRequest(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch'), c.req.param('job')));
app.post('/v2/:endpoint/batch/:batch/finalize', (c) => finalizeBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));
app.post('/v2/:endpoint/batch/:batch/cancel', (c) => cancelBatch(c.env, c.req.raw, c.req.param('endpoint'), c.req.param('batch')));

app.post('/regions/v1/heartbeat', (c) => heartbeat(c.env, c.req.raw));
app.post('/regions/v1/events', (c) => events(c.env, c.req.raw));
app.post('/regions/v1/claim', (c) => claim(c.env, c.req.raw));
app.get('/regions/v1/payload/:job', (c) => payload(c.env, c.req.raw, c.req.param('job')));
app.put('/regions/v1/output/:job', (c) => output(c.env, c.req.raw, c.req.param('job')));

app.put('/admin/regions/:id', (c) => putRegion(c.env, c.req.raw, c.req.param('id')));
app.get('/admin/regions', (c) => listRegions(c.env, c.req.raw));
app.post('/admin/accounts', (c) => createAccount(c.env, c.req.raw));

app.get('/livez', (c) => c.text('ok'));
app.get('/', (c) => c.text('Longshore: a serverless GPU gateway. Jobs: POST /v2/{endpoint}/run with an API key.\n'));
app.notFound((c) => errorAnswer(new LongshoreError('unknown_route', `no such route: ${c.req.method} ${new URL(c.req.url).pathname.slice(0, 200)}`), c.req.raw));
app.onError((error, c) => errorAnswer(error, c.req.raw));
