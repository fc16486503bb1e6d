import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GroupRecord, isGroupAlive } from '../../../gpu-worker/src/runtime/process-group.ts';
import { createProcessRuntime } from '../../../gpu-worker/src/runtime/process-runtime.ts';
import { describeRuntime, silentLog } from '../support/describe-runtime.ts';
import { NO_WATCHDOG } from '../support/no-watchdog.ts';

describeRuntime('processes', null, async () => {
	const directory = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-image-')));
	return {
		image: `process://${directory}`,
		noImage: 'process:///no/such/directory',
		runtime: (stateDir) => createProcessRuntime({ stateDir, allowed: true, watchdog: NO_WATCHDOG, log: silentLog }),
		alive: async (stateDir) => {
			const workers = join(stateDir, 'workers');
			const records = existsSync(workers) ? readdirSync(workers).map((id) => join(workers, id, 'process.json')) : [];
			return records.filter((file) => existsSync(file) && isGroupAlive(JSON.parse(readFileSync(file, 'utf8')) as GroupRecord)).length;
		},
		close: async () => rmSync(directory, { recursive: true, force: true }),
	};
});
