/**
 * A process beside an agent that ends the agent's local workers when the agent is gone, or has not extended their lease in time because
 * it is frozen: from then on their places may be given to others. Arguments: the directory of the workers' records and the agent's mark.
 * Standard input: a line a message, for how many more milliseconds workers may run. Decides nothing else.
 */
import { createInterface } from 'node:readline';
import { endWorkersOf } from './end-workers.ts';

const [, , workersDir = '', owner = ''] = process.argv;
/** The agent's own end of its workers comes first. */
const LOOK_MS = 50;

let until = Number.POSITIVE_INFINITY;
const timer = setInterval(() => {
	if (performance.now() > until) endWorkersOf(workersDir, owner);
}, LOOK_MS);

createInterface({ input: process.stdin })
	.on('line', (line) => {
		until = performance.now() + Number(line);
	})
	.on('close', () => {
		clearInterval(timer);
		endWorkersOf(workersDir, owner);
	});
// The agent's signals are not ours: it may need long to end, and we go with it.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
