/** RunPod's own Python client, PyPI `runpod` 1.12.0 unmodified, synchronous and asyncio, against our door. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePython, RUNPOD_PYTHON_VERSION } from '../support/python.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

let stack: Stack;
let endpoint: RawEndpoint;
let python: string;

beforeAll(async () => {
	[python, stack] = await Promise.all([ensurePython(), startStack()]);
	endpoint = await deployRaw(stack, { concurrency: 2 });
	await endpoint.api.untilReady();
}, 400_000);
afterAll(() => stack?.stop(), 60_000);

async function runClient(file: string): Promise<Record<string, unknown>> {
	const { stdout } = await promisify(execFile)(python, [resolve(import.meta.dirname, 'python', file)], {
		env: { PATH: process.env['PATH'] ?? '', HOME: stack.home, RUNPOD_ENDPOINT_BASE_URL: `${stack.url}/v2`, KEY: stack.apiKey, ENDPOINT: endpoint.id },
		timeout: 90_000,
	});
	return JSON.parse(stdout.slice(stdout.indexOf('{"'))) as Record<string, unknown>;
}

const HEALTH = {
	jobs: { completed: expect.any(Number), failed: expect.any(Number), inProgress: expect.any(Number), inQueue: expect.any(Number), retried: expect.any(Number) },
	workers: {
		idle: expect.any(Number),
		initializing: expect.any(Number),
		ready: expect.any(Number),
		running: expect.any(Number),
		throttled: expect.any(Number),
		unhealthy: expect.any(Number),
	},
};

describe('the synchronous client', () => {
	let seen: Record<string, unknown>;
	beforeAll(async () => {
		seen = await runClient('client_sync.py');
	}, 120_000);

	test('is the release that the contract names', () => expect(seen['version']).toBe(RUNPOD_PYTHON_VERSION));
	test('run, output, status', () => {
		expect(seen['run_id']).toMatch(/^[A-Za-z0-9_-]+$/);
		expect(seen['output']).toMatchObject({ raw: { n: 1 } });
		expect(seen['status']).toBe('COMPLETED');
	});
	test('run wraps what has no input', () => expect(seen['wrapped']).toMatchObject({ raw: { n: 2 } }));
	test('run_sync returns the output, held until it is there', () => {
		expect(seen['run_sync']).toMatchObject({ raw: { n: 3 } });
		expect(seen['run_sync_long']).toMatchObject({ raw: { n: 4 } });
	});
	test('run_sync returns None for a failed job', () => expect(seen['run_sync_failed']).toBeNull());
	test('cancel with its empty body ends a running job', () => {
		expect(seen['cancel']).toMatchObject({ status: 'CANCELLED' });
		expect(seen['cancelled']).toBe('CANCELLED');
	});
	test('stream yields every chunk once, in order, of a job that fails too', () => {
		expect(seen['stream']).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
		expect(seen['stream_failed']).toEqual([[{ n: 0 }], 'FAILED', null]);
	});
	test('stream outlasts a silence longer than the client’s own patience', () => expect(seen['stream_late']).toEqual([{ n: 0 }]));
	test('purge_queue with its empty body removes what waits and leaves what runs', () => {
		expect(seen['purge']).toEqual({ removed: 3, status: 'completed' });
		expect(seen['purged']).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
		expect(seen['not_purged']).toEqual(['IN_PROGRESS', 'IN_PROGRESS']);
	});
	test('policy is taken', () => expect(seen['policy']).toMatchObject({ raw: { n: 5 } }));
	test('output gives up at its own time', () => expect(seen['output_timeout']).toMatch(/timed out/i));
	test('health', () => expect(seen['health']).toEqual(HEALTH));
	test('a wrong key and an unknown endpoint raise what the SDK documents', () => {
		expect(seen['wrong_key']).toMatch(/401/);
		expect(seen['unknown_endpoint']).toBe(404);
	});
});

describe('the asyncio client', () => {
	let seen: Record<string, unknown>;
	beforeAll(async () => {
		seen = await runClient('client_async.py');
	}, 120_000);

	test('run, output, status', () => {
		expect(seen['output']).toMatchObject({ raw: { n: 1 } });
		expect(seen['status']).toBe('COMPLETED');
	});
	test('keeps the outputs of many jobs apart', () => expect(seen['many']).toEqual([0, 1, 2, 3, 4, 5, 6, 7]));
	test('stream yields every chunk once, in order', () => expect(seen['stream']).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]));
	test('output gives up at its own time', () => expect(seen['output_timeout']).toMatch(/timed out/i));
	test('purge_queue', () => expect(seen['purge']).toEqual({ removed: 1, status: 'completed' }));
	test('cancel', () => {
		expect(seen['cancel']).toMatchObject({ status: 'CANCELLED' });
		expect(seen['cancelled']).toBe('CANCELLED');
	});
	test('health', () => expect(seen['health']).toEqual(HEALTH));
});
