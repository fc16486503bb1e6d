import { expect, test } from 'vitest';
import { bindAddressOf, exposedPorts, openPortVariables } from '../../../gpu-worker/src/core/open-ports.ts';

test('each exposed port is reached once, whatever it is called', () => {
	expect(exposedPorts(['8080/http', '22/tcp', '8080/tcp', '22/tcp'])).toEqual([
		{ port: 8_080, protocol: 'http' },
		{ port: 22, protocol: 'tcp' },
	]);
	expect(exposedPorts([])).toEqual([]);
});

test('a worker is told RunPod’s variables, one that exposes nothing is told nothing', () => {
	expect(openPortVariables([{ port: 22, protocol: 'tcp', publicIp: 'gpu-7.example', publicPort: 20_001 }])).toEqual({
		RUNPOD_PUBLIC_IP: 'gpu-7.example',
		RUNPOD_TCP_PORT_22: '20001',
	});
	expect(openPortVariables([])).toEqual({});
});

test('nothing is open to others unless the operator named an address that others reach', () => {
	expect(['127.0.0.1', '127.9.9.9', 'localhost', '203.0.113.7', 'gpu-7.example'].map(bindAddressOf)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1', '0.0.0.0', '0.0.0.0']);
});
