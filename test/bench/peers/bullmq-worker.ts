/** One worker process of the BullMQ comparison: the same echo handler. Arguments: port, queue, concurrency. */
import { loadBullMq } from './bullmq-api.ts';

const [port, queue, concurrency] = process.argv.slice(2);
const { Worker } = loadBullMq();
const worker = new Worker(queue ?? '', async () => ({ atNs: Number(process.hrtime.bigint()) }), {
	connection: { host: '127.0.0.1', port: Number(port) },
	concurrency: Number(concurrency),
});
await worker.waitUntilReady();
process.stdout.write('ready\n');
