/**
 * The least HTTP door in front of BullMQ that answers the benchmark's calls: submit, submit and wait, status, counts. No keys, no limits, no checks.
 * Arguments: Redis port, then the queue names. Prints its own port when it listens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type BullQueue, loadBullMq } from './bullmq-api.ts';

const [redisPort, ...names] = process.argv.slice(2);
const options = { connection: { host: '127.0.0.1', port: Number(redisPort) } };
/** As long as a result of `/run` is kept on the other side. */
const KEEP = { removeOnComplete: { age: 1_800 } };
const { Queue, QueueEvents } = loadBullMq();
const queues = new Map<string, { queue: BullQueue; events: unknown }>();
for (const name of names) {
	const queue = new Queue(name, options);
	const events = new QueueEvents(name, options);
	queue.setMaxListeners(0);
	events.setMaxListeners(0);
	await events.waitUntilReady();
	queues.set(name, { queue, events });
}

const server = createServer((request, response) => {
	const parts: Buffer[] = [];
	request.on('data', (part: Buffer) => parts.push(part));
	request.on('end', () => void answer(request, response, Buffer.concat(parts).toString('utf8')));
});
server.listen(0, '127.0.0.1', () => {
	const address = server.address();
	process.stdout.write(`${typeof address === 'object' ? address?.port : 0}\n`);
});

async function answer(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
	const [, , name = '', verb, id = ''] = (request.url ?? '').split('/');
	const found = queues.get(name);
	const result = found === undefined ? undefined : await act(found, verb, id, body).catch((error: unknown) => ({ error: String(error) }));
	const text = JSON.stringify(result ?? { error: 'not found' });
	response.writeHead(result === undefined ? 404 : 'error' in result ? 500 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
	response.end(text);
}

async function act({ queue, events }: { queue: BullQueue; events: unknown }, verb: string | undefined, id: string, body: string): Promise<object | undefined> {
	if (verb === 'health') {
		const counts = await queue.getJobCounts('completed', 'failed', 'active', 'waiting', 'prioritized', 'delayed');
		return { jobs: { completed: counts['completed'], failed: counts['failed'], inProgress: counts['active'], inQueue: counts['waiting'] }, workers: {} };
	}
	if (verb === 'status') {
		const job = await queue.getJob(id);
		if (job === undefined) return undefined;
		if ((await job.getState()) !== 'completed') return { id, status: 'IN_PROGRESS' };
		return { id, status: 'COMPLETED', output: (await queue.getJob(id))?.returnvalue };
	}
	const job = await queue.add('job', (JSON.parse(body) as { input: unknown }).input, KEEP);
	if (verb === 'run') return { id: job.id, status: 'IN_QUEUE' };
	return { id: job.id, status: 'COMPLETED', output: await job.waitUntilFinished(events) };
}
