/** A worker that prints. Input: `say` (lines, each after `everyMs`); with `named` as RunPod's SDK prints them, JSON with the job's id. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

interface Wish {
	readonly say: readonly string[];
	readonly everyMs?: number;
	readonly named?: boolean;
}

startWorker<Wish>({
	concurrency: Number(process.env['CONCURRENCY'] ?? 1),
	handler: async ({ id, input }) => {
		for (const text of input.say) {
			await sleep(input.everyMs ?? 0);
			console.log(input.named === true ? JSON.stringify({ requestId: id, message: text, level: 'INFO' }) : text);
		}
	},
});
