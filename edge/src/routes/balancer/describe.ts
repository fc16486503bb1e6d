/** What the load balancing routes say of themselves. */
import { BALANCED_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import type { Operation } from '../../openapi/operation.ts';

export const balancedOperation: Operation = {
	id: 'callWorker',
	group: 'Load balancing',
	summary: 'Call a worker’s own HTTP API',
	text: [
		`Any method and path below the endpoint’s base URL goes to one of its healthy workers, with at most ${BALANCED_BODY_BYTES_MAX.toLocaleString('en')} bytes either way; bodies stream as they come, event streams and WebSockets too. The key stays here: the worker does not see the \`Authorization\` header.`,
		'Nothing is queued or tried again. A request waits up to 2 minutes for a worker (400 then), and gets 5.5 minutes from it (504). A worker that dies with it in hand: 502.',
	].join('\n\n'),
	key: 'run',
	limit: 'load-balancer',
	path: [{ name: 'path', text: 'Path at the worker; slashes and the query are passed on.', schema: z.string(), example: 'generate' }],
	headers: [
		{
			name: 'X-Runpod-Worker-Id',
			text: 'Which worker: `<id>` is a wish, `strict <id>` insists (400 `worker_timeout` after 5 minutes, 404 `affinity_worker_gone`), and so does `strict-resume <id>`.',
			schema: z.string(),
			example: 'strict w0123456789abcd',
		},
	],
	answers: {
		200: { text: 'What the worker answered.', type: '*/*', headers: ['x-runpod-worker-id'] },
		default: { text: 'The worker’s own status and body.', type: '*/*', headers: ['x-runpod-worker-id'] },
	},
	errors: ['body_too_large', 'invalid_request'],
};
