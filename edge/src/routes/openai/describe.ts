/** What the OpenAI route says of itself. */
import { RUNSYNC_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { openAiError } from '@longshore/shared-schema/wire/runpod-answers';
import { openAiRequest } from '@longshore/shared-schema/wire/runpod-job';
import * as z from 'zod';
import type { Operation } from '../../openapi/operation.ts';
import { JOB_ID_HEADER } from '../jobs/answer.ts';
import { IDEMPOTENCY_KEY } from '../jobs/describe-submit.ts';

export const openAiOperation: Operation = {
	id: 'openAi',
	group: 'OpenAI',
	summary: 'Call the model server’s own API',
	text: [
		'The call becomes a job, its answer is what the model server said. With `"stream": true` the server’s own events pass through as they come.',
		'A client that leaves cancels the job; with an `Idempotency-Key` the job goes on and the same call finds it again. Errors have their own status and OpenAI’s form; one that comes after the status has left is an event, or the body.',
	].join('\n\n'),
	key: 'run',
	limit: 'openai',
	path: [{ name: 'path', text: 'Path behind `/v1/`, as `chat/completions` or `models`; slashes and the query are passed on.', schema: z.string(), example: 'chat/completions' }],
	headers: [IDEMPOTENCY_KEY],
	body: { schema: openAiRequest, bytesMax: RUNSYNC_BODY_BYTES_MAX, required: false, example: { model: 'my-model', messages: [{ role: 'user', content: 'Hello' }], stream: true } },
	answers: {
		200: {
			text: 'What the model server answered.',
			schema: z.unknown(),
			headers: [JOB_ID_HEADER, 'x-request-id'],
			alternatives: { 'text/event-stream': 'With `"stream": true`: the server’s own events, comments in between while nothing comes.' },
		},
		default: {
			text: 'The model server’s own error, or how the job ended: 499 cancelled, 504 too late, 500 otherwise.',
			schema: openAiError,
			headers: [JOB_ID_HEADER, 'x-request-id', 'x-should-retry'],
		},
	},
	errors: ['conflict', 'queue_full'],
};
