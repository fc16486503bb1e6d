/** The paths that manage endpoints; one handler file a verb. */

import { createApp } from '../create-app.ts';
import { endpointLogsOperation, workerLogsOperation } from '../logs/describe.ts';
import { endpointLogs, workerLogs } from '../logs/endpoint-logs.ts';
import { createServerless } from './create.ts';
import { listDecisions } from './decisions.ts';
import { deleteServerless } from './delete.ts';
import {
	createServerlessOperation,
	deleteServerlessOperation,
	getServerlessOperation,
	listDecisionsOperation,
	listReleasesOperation,
	listServerlessOperation,
	listWorkersOperation,
	rollbackOperation,
	rotateWebhookSecretOperation,
	updateServerlessOperation,
} from './describe.ts';
import { getServerless, listServerless } from './read.ts';
import { listReleases } from './releases.ts';
import { rollbackServerless } from './rollback.ts';
import { rotateWebhookSecret } from './rotate-webhook-secret.ts';
import { updateServerless } from './update.ts';
import { listWorkers } from './workers.ts';

/** `/v2/serverless…`. */
export const serverlessApp = createApp();

serverlessApp.get('/v2/serverless', listServerlessOperation, (c) => listServerless(c.env, c.req.raw));
serverlessApp.post('/v2/serverless', createServerlessOperation, (c) => createServerless(c.env, c.req.raw));
serverlessApp.get('/v2/serverless/:id', getServerlessOperation, (c) => getServerless(c.env, c.req.raw, c.req.param('id')));
serverlessApp.patch('/v2/serverless/:id', updateServerlessOperation, (c) => updateServerless(c.env, c.req.raw, c.req.param('id')));
serverlessApp.post('/v2/serverless/:id/webhook-secret/rotate', rotateWebhookSecretOperation, (c) => rotateWebhookSecret(c.env, c.req.raw, c.req.param('id')));
serverlessApp.delete('/v2/serverless/:id', deleteServerlessOperation, (c) => deleteServerless(c.env, c.req.raw, c.req.param('id')));
serverlessApp.get('/v2/serverless/:id/workers', listWorkersOperation, (c) => listWorkers(c.env, c.req.raw, c.req.param('id')));
serverlessApp.get('/v2/serverless/:id/workers/:worker/logs', workerLogsOperation, (c) =>
	workerLogs(c.env, c.req.raw, c.req.param('id'), c.req.param('worker'), c.executionCtx as ExecutionContext),
);
serverlessApp.get('/v2/serverless/:id/logs', endpointLogsOperation, (c) => endpointLogs(c.env, c.req.raw, c.req.param('id'), c.executionCtx as ExecutionContext));
serverlessApp.get('/v2/serverless/:id/decisions', listDecisionsOperation, (c) => listDecisions(c.env, c.req.raw, c.req.param('id')));
serverlessApp.get('/v2/serverless/:id/releases', listReleasesOperation, (c) => listReleases(c.env, c.req.raw, c.req.param('id')));
serverlessApp.post('/v2/serverless/:id/rollback', rollbackOperation, (c) => rollbackServerless(c.env, c.req.raw, c.req.param('id')));
