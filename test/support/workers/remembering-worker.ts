/** A worker that remembers how many jobs it has had, and takes as much memory as it is told to (`BALLAST_MIB`). */
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

const ballast = Buffer.alloc(Number(process.env['BALLAST_MIB'] ?? '0') * 2 ** 20, 1);
let jobs = 0;

startWorker({
	handler: () => ({ pid: process.pid, worker: process.env['RUNPOD_POD_ID'], mark: process.env['MARK'] ?? null, jobs: ++jobs, ballast: ballast.length }),
});
