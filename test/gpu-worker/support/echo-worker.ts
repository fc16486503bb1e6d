/** A worker on our own SDK whose jobs say what it is to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

interface Input {
	readonly sleepMs?: number;
	readonly fail?: string;
	readonly crash?: boolean;
	readonly stubborn?: boolean;
	readonly chunks?: number;
	readonly progress?: boolean;
	readonly bytes?: number;
	readonly env?: string[];
	readonly noOutput?: boolean;
	readonly memory?: boolean;
}

/** Jobs that asked for it, as this process remembers them. */
let remembered = 0;

async function* count(chunks: number): AsyncGenerator<unknown> {
	for (let n = 0; n < chunks; n++) yield { n };
}

startWorker<Input>({
	concurrency: Number(process.env['CONCURRENCY'] ?? '1'),
	async handler({ id, input }, { progress, signal }) {
		if (input.crash === true) {
			process.stderr.write('last words\n');
			process.exit(7);
		}
		if (input.stubborn === true) await sleep(60_000);
		if (input.progress === true) await progress({ half: true });
		if (input.sleepMs !== undefined) await sleep(input.sleepMs, undefined, { signal });
		if (input.fail !== undefined) throw new Error(input.fail);
		if (input.chunks !== undefined) return count(input.chunks);
		if (input.bytes !== undefined) return 'x'.repeat(input.bytes);
		if (input.env !== undefined) return Object.fromEntries(input.env.map((name) => [name, process.env[name] ?? null]));
		if (input.memory === true) return { pid: process.pid, worker: process.env['RUNPOD_POD_ID'], remembered: ++remembered };
		if (input.noOutput === true) return undefined;
		return { id, echo: input };
	},
});
