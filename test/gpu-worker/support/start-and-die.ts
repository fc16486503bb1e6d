/** Starts a worker with a child of its own, prints both process ids and dies as a killed agent does. */
import { createLog } from '../../../gpu-worker/src/log.ts';
import { createProcessRuntime } from '../../../gpu-worker/src/runtime/process-runtime.ts';
import { until } from '../../support/wait.ts';
import { spec } from './region.ts';

const [, , stateDir = '', image = ''] = process.argv;
const runtime = createProcessRuntime({ stateDir, allowed: true, log: createLog(() => {}, {}) });
const worker = await runtime.start({
	workerId: 'w1',
	spec: spec({ image: `process://${image}`, command: ['/bin/sh', '-c', 'sleep 1000 & echo $!; wait'] }),
	env: () => ({ PATH: process.env['PATH'] ?? '' }),
});
const childPid = await until(() => worker.lastLog(100) || undefined, { what: 'child pid' });
process.stdout.write(`${worker.pid}\n${childPid}\n`, () => process.kill(process.pid, 'SIGKILL'));
