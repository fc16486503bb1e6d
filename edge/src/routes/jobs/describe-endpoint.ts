/** What `/cancel`, `/purge-queue`, `/health`, `/metrics` and `/requests` say of themselves. */
import { endpointHealth, endpointMetrics, jobStatus, purgedQueue, requestList } from '@longshore/shared-schema/wire/runpod-answers';
import { describeInteger } from '../../gate/query.ts';
import type { Operation } from '../../openapi/operation.ts';
import { JOB_ID_HEADER } from './answer.ts';
import { EXAMPLE_JOB_ID } from './describe-submit.ts';
import { REQUESTS_LIMIT, REQUESTS_LIMIT_DEFAULT } from './requests.ts';

export const cancelOperation: Operation = {
	id: 'cancel',
	group: 'Jobs',
	summary: 'Cancel a job',
	text: 'A queued job never runs; a running one is stopped on its worker. A job that has ended is answered as it is. The body does not matter.',
	key: 'run',
	limit: 'cancel',
	answers: { 200: { text: 'The job is cancelled, or had ended before.', schema: jobStatus, headers: [JOB_ID_HEADER], example: { id: EXAMPLE_JOB_ID, status: 'CANCELLED' } } },
};

export const purgeQueueOperation: Operation = {
	id: 'purgeQueue',
	group: 'Jobs',
	summary: 'Cancel every queued job',
	text: 'Running jobs go on. The body does not matter.',
	key: 'run',
	limit: 'purge-queue',
	answers: { 200: { text: 'How many were removed.', schema: purgedQueue, example: { removed: 12, status: 'completed' } } },
};

export const healthOperation: Operation = {
	id: 'health',
	group: 'Jobs',
	summary: 'Count jobs and workers',
	key: 'read',
	answers: {
		200: {
			text: 'The counts; all members always.',
			schema: endpointHealth,
			example: {
				jobs: { completed: 41, failed: 1, inProgress: 2, inQueue: 3, retried: 0 },
				workers: { idle: 0, initializing: 1, ready: 2, running: 2, throttled: 0, unhealthy: 0 },
			},
		},
	},
};

export const metricsOperation: Operation = {
	id: 'metrics',
	group: 'Jobs',
	summary: 'Count jobs and workers, and name those that are ready',
	key: 'read',
	limit: 'status',
	answers: { 200: { text: 'The counts, and the ids of the ready workers.', schema: endpointMetrics } },
};

export const requestsOperation: Operation = {
	id: 'requests',
	group: 'Jobs',
	summary: 'List the newest jobs',
	key: 'read',
	limit: 'requests',
	query: [describeInteger(REQUESTS_LIMIT, REQUESTS_LIMIT_DEFAULT, 'How many at most.')],
	answers: { 200: { text: 'The newest jobs, the newest first.', schema: requestList } },
};
