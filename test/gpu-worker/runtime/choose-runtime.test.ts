import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import { chooseRuntime } from '../../../gpu-worker/src/runtime/choose-runtime.ts';
import type { Runtime } from '../../../gpu-worker/src/runtime/runtime.ts';
import { spec } from '../support/region.ts';
import { workerStart } from '../support/worker-start.ts';

const named = (name: string): Runtime => ({ cleanUp: async () => {}, start: () => Promise.reject(new Error(name)) });

test('the image decides what a worker is; without an engine a container is refused with what to set', async () => {
	const home = mkdtempSync(join(tmpdir(), 'longshore-choose-'));
	const start = (image: string) => workerStart({ spec: spec({ image }), log: createLogStore(home, Date.now).open('ep1', 'w1', 'key-of-w1', () => null) });
	const both = chooseRuntime(named('process'), named('container'));
	await expect(both.start(start('process:///srv'))).rejects.toThrow('process');
	await expect(both.start(start('team/worker:1'))).rejects.toThrow('container');
	await expect(chooseRuntime(named('process'), null).start(start('team/worker:1'))).rejects.toThrow(/team\/worker:1: its operator may set LONGSHORE_CONTAINER_ENGINE/);
	rmSync(home, { recursive: true });
});
