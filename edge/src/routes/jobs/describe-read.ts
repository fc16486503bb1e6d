/** What `/status`, `/status-sync` and `/stream` say of themselves. */
import { STREAM_WAIT_MS, SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import { jobStatus, jobStream } from '@longshore/shared-schema/wire/runpod-answers';
import * as z from 'zod';
import { describeInteger } from '../../gate/query.ts';
import type { Operation } from '../../openapi/operation.ts';
import { JOB_ID_HEADER } from './answer.ts';
import { EXAMPLE_COMPLETED } from './describe-submit.ts';
import { EVENT_ID_PATTERN } from './event-stream.ts';
import { STATUS_TTL } from './status.ts';
import { waitParameter } from './wait.ts';

export const statusOperation: Operation = {
	id: 'status',
	group: 'Jobs',
	summary: 'Read a job',
	text: 'GET and POST do the same. `ttl` shortens what is left of the retention of a job that has ended. A job that waits says why.',
	key: 'read',
	limit: 'status',
	query: [describeInteger(STATUS_TTL, null, 'What shall be left of the retention; it can only become shorter.')],
	answers: { 200: { text: 'The job as it is now.', schema: jobStatus, headers: [JOB_ID_HEADER], example: EXAMPLE_COMPLETED } },
};

export const statusSyncOperation: Operation = {
	id: 'statusSync',
	group: 'Jobs',
	summary: 'Wait for the end of a job',
	text: 'GET and POST do the same. White space may stand before the body: it keeps the connection alive.',
	key: 'read',
	limit: 'status-sync',
	query: [describeInteger(waitParameter(SYNC_WAIT_MS), SYNC_WAIT_MS.default, 'How long to wait for the end.')],
	answers: { 200: { text: 'The job at its end, or as it is when the wait is over.', schema: jobStatus, headers: [JOB_ID_HEADER], example: EXAMPLE_COMPLETED } },
};

export const streamOperation: Operation = {
	id: 'stream',
	group: 'Jobs',
	summary: 'Read what a job yields',
	text: [
		'GET and POST do the same. Each call takes the chunks since the last one; the last ones come with the final status.',
		'With `Accept: text/event-stream` all chunks come as server-sent events with ids, for any number of readers; the event `end` carries the final status.',
	].join('\n\n'),
	key: 'read',
	limit: 'stream',
	query: [describeInteger(waitParameter(STREAM_WAIT_MS), STREAM_WAIT_MS.default, 'How long to wait for the first chunk.')],
	headers: [
		{
			name: 'Last-Event-ID',
			text: 'With server-sent events: the id of the last event that was seen; the stream goes on behind it.',
			schema: z.string().regex(EVENT_ID_PATTERN),
		},
	],
	answers: {
		200: {
			text: 'The chunks.',
			schema: jobStream,
			headers: [JOB_ID_HEADER],
			example: { status: 'IN_PROGRESS', stream: [{ output: 'a light' }, { output: 'house' }] },
			alternatives: { 'text/event-stream': 'With that `Accept` header: `id: <attempt>.<number>` and `data: {"output": …}` a chunk, then `event: end`.' },
		},
	},
};
