/** The order to start one worker, with usual values, for tests of runtimes. */
import type { WorkerStart } from '../../../gpu-worker/src/runtime/runtime.ts';

/** `env` as given, with the directory for temporary files where the runtime gives one. */
export function workerStart(given: Pick<WorkerStart, 'spec' | 'log'> & Partial<Omit<WorkerStart, 'env'>> & { readonly variables?: Record<string, string> }): WorkerStart {
	const { variables = {}, ...start } = given;
	return {
		workerId: 'w1',
		endpointId: 'ep1',
		gpuUuids: [],
		signal: new AbortController().signal,
		preparing: () => {},
		env: ({ tempDir, isHost }) => ({ ...(isHost ? { PATH: process.env['PATH'] ?? '' } : {}), ...(tempDir === null ? {} : { TMPDIR: tempDir }), ...variables }),
		...start,
	};
}
