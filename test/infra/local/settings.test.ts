import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStackSettings } from '../../../infra/local/settings.ts';

function topologyFile(content: unknown): string {
	const file = join(mkdtempSync(join(tmpdir(), 'topology-')), 'topology.json');
	writeFileSync(file, JSON.stringify(content));
	return file;
}

describe('settings of npm start', () => {
	test('have defaults for everything', () => {
		const settings = readStackSettings([], {});
		expect(settings).toMatchObject({ port: 8787, home: resolve('.longshore'), example: 'auto', allowPrivateWebhooks: false, dev: false, regionEnv: {}, edgeEnv: {} });
		expect(Object.keys(settings.topology.regions)).toEqual(['eu-1', 'us-1']);
	});

	test('take a flag before a variable', () => {
		expect(readStackSettings(['--port', '9000', '--home', '/tmp/a'], { PORT: '9001', LONGSHORE_HOME: '/tmp/b' })).toMatchObject({ port: 9000, home: '/tmp/a' });
	});

	test('pass a timer on to the processes that know it, and only those', () => {
		const { regionEnv, hostEnv, edgeEnv } = readStackSettings([], {
			LONGSHORE_CONTAINER_ENGINE: 'unix:///run/engine.sock',
			LONGSHORE_HOST_REPORT_MS: '250',
			LONGSHORE_SWEEP_MS: '900',
			LONGSHORE_WEBHOOK_ALLOW_PRIVATE: '1',
		});
		expect(regionEnv).toEqual({ LONGSHORE_HOST_REPORT_MS: '250' });
		expect(hostEnv).toEqual({ LONGSHORE_CONTAINER_ENGINE: 'unix:///run/engine.sock' });
		expect(edgeEnv).toEqual({ LONGSHORE_SWEEP_MS: '900', LONGSHORE_WEBHOOK_ALLOW_PRIVATE: '1' });
	});

	test('refuse an unknown variable with the nearest known one', () => {
		expect(() => readStackSettings([], { LONGSHORE_SWEP_MS: '1' })).toThrow('LONGSHORE_SWEP_MS is not a setting of this process (did you mean LONGSHORE_SWEEP_MS?)');
	});

	test.each(['0', '65536', '80.5', 'http'])('refuse port %s', (port) => {
		expect(() => readStackSettings([], { PORT: port })).toThrow(`PORT: must be a whole number from 1 to 65535, not "${port}"`);
	});

	test('refuse an unknown flag with the usage', () => {
		expect(() => readStackSettings(['--prot', '1'], {})).toThrow(/--prot[\s\S]*npm start -- \[--port 8787\]/);
	});

	test('read a topology file', () => {
		const file = topologyFile({ regions: { a: { natsNodes: 3, dataCenters: { 'A-1': { hosts: { 'a-1-a': { gpuType: 'NVIDIA L4', count: 1 } } } } } } });
		expect(readStackSettings([], { LONGSHORE_TOPOLOGY: file }).topology.regions['a']).toMatchObject({ brokers: 1, natsNodes: 3, delayMs: 0 });
	});

	test('name the place where a topology file is wrong', () => {
		const file = topologyFile({ regions: { a: { natsNodes: 2, dataCenters: {} } } });
		expect(() => readStackSettings([], { LONGSHORE_TOPOLOGY: file })).toThrow(/topology.json: regions.a.natsNodes/);
	});

	test('refuse a topology that names a host twice', () => {
		const hosts = { same: { gpuType: 'NVIDIA L4', count: 1 } };
		const file = topologyFile({ regions: { a: { dataCenters: { 'A-1': { hosts } } }, b: { dataCenters: { 'B-1': { hosts } } } } });
		expect(() => readStackSettings([], { LONGSHORE_TOPOLOGY: file })).toThrow('host same is named twice');
	});
});
