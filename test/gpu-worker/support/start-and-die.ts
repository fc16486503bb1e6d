/** Starts a worker with a child of its own, prints both process ids and dies as a killed agent does. */
import { join } from 'node:path';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import { createProcessRuntime } from '../../../gpu-worker/src/runtime/process-runtime.ts';
import { until } from '../../support/wait.ts';
import { NO_WATCHDOG } from './no-watchdog.ts';
import { spec } from './region.ts';
import { workerStart } from './worker-start.ts';

const [, , stateDir = '', image = ''] = process.argv;
const runtime = createProcessRuntime({ stateDir, allowed: true, watchdog: NO_WATCHDOG, log: createLog(() => {}, {}) });
const log = createLogStore(join(stateDir, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
const worker = await runtime.start(workerStart({ spec: spec({ image: `process://${image}`, command: ['/bin/sh', '-c', 'sleep 1000 & echo $!; wait'] }), log }));
const childPid = await until(() => log.tail(100) || undefined, { what: 'child pid' });
process.stdout.write(`${worker.pid}\n${childPid}\n`, () => process.kill(process.pid, 'SIGKILL'));
