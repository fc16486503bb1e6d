/** The benchmark's worker, on our own worker SDK: answers at once with the moment at which its handler began. */
import { startWorker } from '@longshore/gpu-worker/sdk';

await startWorker({
	concurrency: Number(process.env['CONCURRENCY']),
	// The monotonic clock is one for all processes of a machine, so the client can compare it with its own.
	handler: () => ({ atNs: Number(process.hrtime.bigint()) }),
});
