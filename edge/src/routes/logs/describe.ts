/** What the routes that show logs say of themselves. */
import { logPageV2 } from '@longshore/shared-schema/wire/log-answers';
import type { Operation } from '../../openapi/operation.ts';
import { LOG_QUERY, LOG_RESUME } from './wish.ts';

const EVENTS = '`id:` the time of a line, `data: {"ts", "source", "workerId", "line"}`, and `jobId` where the line belongs to one job; comments while nothing happens.';
const EXAMPLE = {
	lines: [{ ts: '2026-11-22T10:20:30.123456Z', source: 'container', workerId: 'w7c1k0', line: 'model loaded' }],
	more: false,
	silent: [],
};
const KEPT = 'Logs stay on the worker’s host, for a day after its last line.';

export const endpointLogsOperation: Operation = {
	id: 'endpointLogs',
	group: 'Endpoints',
	summary: 'Read what an endpoint’s workers print',
	text: `Follows all workers. With \`Accept: application/json\` one page. ${KEPT}`,
	key: 'read',
	query: LOG_QUERY,
	headers: [LOG_RESUME],
	answers: { 200: { text: 'The lines.', schema: logPageV2, example: EXAMPLE, alternatives: { 'text/event-stream': EVENTS } } },
	errors: ['unknown_endpoint'],
};

export const workerLogsOperation: Operation = {
	id: 'workerLogs',
	group: 'Endpoints',
	summary: 'Read what a worker prints',
	text: `Follows the worker to its end. With \`Accept: application/json\` one page. ${KEPT}`,
	key: 'read',
	path: [{ name: 'worker', text: 'Id of the worker.', schema: logPageV2.shape.lines.element.shape.workerId, example: 'w7c1k0' }],
	query: LOG_QUERY,
	headers: [LOG_RESUME],
	answers: {
		200: { text: 'The lines.', schema: logPageV2, example: EXAMPLE, alternatives: { 'text/event-stream': `${EVENTS} Behind the worker’s last line comes \`event: end\`.` } },
	},
	errors: ['unknown_endpoint', 'unknown_resource'],
};

export const jobLogsOperation: Operation = {
	id: 'jobLogs',
	group: 'Jobs',
	summary: 'Read what a job printed',
	text: [
		'Lines that name the job (RunPod’s SDK writes them so), and all lines of a worker that had no other job in hand. As long as the job itself can be read.',
		`With \`Accept: text/event-stream\` the lines are followed to the job’s end. ${KEPT}`,
	].join('\n\n'),
	key: 'read',
	limit: 'stream',
	query: LOG_QUERY,
	headers: [LOG_RESUME],
	answers: {
		200: { text: 'The lines.', schema: logPageV2, example: EXAMPLE, alternatives: { 'text/event-stream': `${EVENTS} Behind the job’s last line comes \`event: end\`.` } },
	},
};
