/** A grant as a region gets it: references to secrets filled in, the registry's credential opened. Only the signed channel to regions takes it. */
import { fillSecrets } from '@longshore/shared-schema/endpoint/secret-refs';
import type { EndpointGrant } from '@longshore/shared-schema/wire/region';
import type { Supply } from '../core/supply.ts';
import { registryPlace, secretPlace } from './places.ts';
import type { Sealer } from './seal.ts';

/** Throws `SealError` when something does not open, without a word of what it holds. */
export function fillGrant(grant: EndpointGrant, supply: Supply, sealer: Sealer): EndpointGrant {
	const { accountId, spec } = grant;
	const opened = new Map(Object.entries(supply.secrets).map(([name, { sealed }]) => [name, sealer.open(sealed, secretPlace(accountId, name))]));
	const registryAuth =
		supply.registry === null || spec.registryId === null
			? undefined
			: (JSON.parse(sealer.open(supply.registry, registryPlace(accountId, spec.registryId))) as EndpointGrant['registryAuth']);
	return {
		...grant,
		...(opened.size === 0 ? {} : { spec: { ...spec, env: fillSecrets(spec.env, opened) } }),
		...(registryAuth === undefined ? {} : { registryAuth }),
		...(supply.volumes.length === 0 ? {} : { volumes: [...supply.volumes] }),
	};
}
