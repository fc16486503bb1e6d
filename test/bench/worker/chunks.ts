/** The benchmark's streaming worker: yields chunks that carry the moment of their yield. Input `{chunks, everyMs}`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, startWorker } from '@longshore/gpu-worker/sdk';

await startWorker({
	concurrency: Number(process.env['CONCURRENCY']),
	handler: async function* ({ input }: Job<{ chunks: number; everyMs: number }>) {
		for (let n = 0; n < input.chunks; n++) {
			await sleep(input.everyMs);
			yield { n, atNs: Number(process.hrtime.bigint()) };
		}
	},
});
