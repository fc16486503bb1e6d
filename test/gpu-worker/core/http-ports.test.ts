import { expect, test } from 'vitest';
import { healthPathOf, portsInside, portVariables, wantsHealthPort } from '../../../gpu-worker/src/core/http-ports.ts';

test('health has a port of its own only where the endpoint says another one than PORT', () => {
	expect(wantsHealthPort({})).toBe(false);
	expect(wantsHealthPort({ PORT: '8000' })).toBe(false);
	expect(wantsHealthPort({ PORT: '8000', PORT_HEALTH: '8000' })).toBe(false);
	expect(wantsHealthPort({ PORT_HEALTH: '80' })).toBe(false);
	expect(wantsHealthPort({ PORT: '8000', PORT_HEALTH: '8001' })).toBe(true);
	expect(wantsHealthPort({ PORT_HEALTH: '8001' })).toBe(true);
});

test('health is asked at /ping, or where the endpoint says', () => {
	expect(healthPathOf({})).toBe('/ping');
	expect(healthPathOf({ HEALTH_CHECK_PATH: '/healthz' })).toBe('/healthz');
	expect(healthPathOf({ HEALTH_CHECK_PATH: 'ready' })).toBe('/ready');
});

test('the worker is told its ports on this host', () => {
	expect(portVariables({ port: 41_001, healthPort: 41_002, healthPath: '/ping' })).toEqual({ PORT: '41001', PORT_HEALTH: '41002' });
});

test('an app that has all ports to itself listens where the endpoint says, or at RunPod’s default', () => {
	expect(portsInside({})).toMatchObject({ port: 80, healthPort: 80 });
	expect(portsInside({ PORT: '8000', PORT_HEALTH: '8001' })).toMatchObject({ port: 8_000, healthPort: 8_001 });
	expect(portsInside({ PORT: 'x' }).port).toBeNaN();
	expect(portsInside({ PORT_HEALTH: '70000' }).healthPort).toBeNaN();
});
