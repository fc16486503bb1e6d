/** What `/run`, `/runsync` and `/retry` say of themselves. */
import { RUN_BODY_BYTES_MAX, RUNSYNC_BODY_BYTES_MAX, SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import { acceptedJob, jobStatus } from '@longshore/shared-schema/wire/runpod-answers';
import { jobRequest } from '@longshore/shared-schema/wire/runpod-job';
import * as z from 'zod';
import { IDEMPOTENCY_KEY_PATTERN } from '../../gate/idempotency.ts';
import { describeInteger } from '../../gate/query.ts';
import type { Operation, Parameter } from '../../openapi/operation.ts';
import { JOB_ID_HEADER } from './answer.ts';
import { waitParameter } from './wait.ts';

/** The header of every submit. */
export const IDEMPOTENCY_KEY: Parameter = {
	name: 'Idempotency-Key',
	text: 'The same key with the same body is the same job; with another body it is a conflict. Remembered as long as the job.',
	schema: z.string().regex(IDEMPOTENCY_KEY_PATTERN),
};
export const EXAMPLE_JOB_ID = '5f0e0b9e-1d2c-4b3a-8f4e-0123456789ab-e0';
const EXAMPLE_REQUEST = { input: { prompt: 'a lighthouse at dawn' }, policy: { executionTimeout: 60_000, ttl: 3_600_000 } };
/** A job that has ended well. */
export const EXAMPLE_COMPLETED = { id: EXAMPLE_JOB_ID, status: 'COMPLETED', delayTime: 312, executionTime: 1_840, workerId: 'w-7f3a', output: { image: 'https://…' } };

export const runOperation: Operation = {
	id: 'run',
	group: 'Jobs',
	summary: 'Submit a job',
	text: 'Answered after the job is stored: from then on it is not lost. Its result can be read for 30 minutes after its end. Unknown members are dropped. `input` and the result pass through unchanged.',
	key: 'run',
	limit: 'run',
	headers: [IDEMPOTENCY_KEY],
	body: { schema: jobRequest, bytesMax: RUN_BODY_BYTES_MAX, required: true, example: EXAMPLE_REQUEST },
	answers: {
		200: {
			text: 'The job is accepted; with a repeated Idempotency-Key its status as it is now.',
			schema: jobStatus,
			headers: [JOB_ID_HEADER],
			example: { id: EXAMPLE_JOB_ID, status: 'IN_QUEUE' },
		},
	},
	errors: ['conflict', 'queue_full'],
};

export const runsyncOperation: Operation = {
	id: 'runsync',
	group: 'Jobs',
	summary: 'Submit a job and wait for its end',
	text: 'Held until the job’s end or the end of `wait`, which is no error: the job goes on and is answered as it is then. Its result can be read for 1 minute after its end. White space may stand before the body: it keeps the connection alive.',
	key: 'run',
	limit: 'runsync',
	query: [describeInteger(waitParameter(SYNC_WAIT_MS), SYNC_WAIT_MS.default, 'How long to wait for the end.')],
	headers: [IDEMPOTENCY_KEY],
	body: { schema: jobRequest, bytesMax: RUNSYNC_BODY_BYTES_MAX, required: true, example: EXAMPLE_REQUEST },
	answers: { 200: { text: 'The job, ended or not.', schema: jobStatus, headers: [JOB_ID_HEADER], example: EXAMPLE_COMPLETED } },
	errors: ['conflict', 'queue_full'],
};

export const retryOperation: Operation = {
	id: 'retry',
	group: 'Jobs',
	summary: 'Run a failed job again',
	text: 'The same id and the same input, while its record is kept. Only a job that is FAILED or TIMED_OUT.',
	key: 'run',
	limit: 'retry',
	answers: { 200: { text: 'The job is queued again.', schema: acceptedJob, headers: [JOB_ID_HEADER], example: { id: EXAMPLE_JOB_ID, status: 'IN_QUEUE' } } },
	errors: ['invalid_request'],
};
