import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NO_SUPPLY, type Supply } from '../../../edge/src/core/supply.ts';
import { fillGrant } from '../../../edge/src/secrets/fill-grant.ts';
import { registryPlace, secretPlace } from '../../../edge/src/secrets/places.ts';
import { createSealer } from '../../../edge/src/secrets/seal.ts';
import type { EndpointGrant } from '../../../shared-schema/src/wire/region.ts';
import { spec } from '../core/samples.ts';

const sealer = createSealer([randomBytes(32).toString('base64')]);
const grant: EndpointGrant = {
	endpointId: 'e',
	accountId: 'a',
	revision: 1,
	version: 1,
	spec: spec({ env: { URL: 'x-{{ secret.T }}' }, registryId: 'r' }),
	workersMax: 1,
	workersMin: 0,
};
const supply = (over: Partial<Supply>): Supply => ({ ...NO_SUPPLY, ...over });
const sealedFor = (place: string): Supply => supply({ secrets: { T: { sealed: sealer.seal('value', place), chars: 5 } } });

describe('a grant', () => {
	test('is filled in', () => {
		const registry = sealer.seal('{"username":"u","password":"p"}', registryPlace('a', 'r'));
		const filled = fillGrant(grant, { ...sealedFor(secretPlace('a', 'T')), registry, volumes: [{ id: 'v', dataCenterId: 'D' }] }, sealer);
		expect(filled).toEqual({
			...grant,
			spec: { ...grant.spec, env: { URL: 'x-value' } },
			registryAuth: { username: 'u', password: 'p' },
			volumes: [{ id: 'v', dataCenterId: 'D' }],
		});
	});

	test.each<[string, Supply]>([
		['with the secret of another account', sealedFor(secretPlace('b', 'T'))],
		['with a secret of another name', sealedFor(secretPlace('a', 'U'))],
		['with a credential of another registry', supply({ registry: sealer.seal('{}', registryPlace('a', 's')) })],
		['with what another key sealed', supply({ registry: createSealer([randomBytes(32).toString('base64')]).seal('{}', registryPlace('a', 'r')) })],
	])('%s is not filled in at all', (_what, wrong) => {
		expect(() => fillGrant(grant, wrong, sealer)).toThrow(/sealed text/);
	});
});
