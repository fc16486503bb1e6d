/** Hands an endpoint what it refers to, and notes that it does, so that nothing is removed from under it. */
import type { Volume } from '@longshore/shared-schema/account/volume';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { type Needs, problemsOfSupply, type Supply } from '../core/supply.ts';
import type { ResourceKind, ResourceRow, ResourceTable } from './resource-table.ts';

/** Why nothing was handed out: what is missing or does not fit the specification, and what to do. */
export interface Missing {
	readonly problems: readonly string[];
}

/** All or nothing: what an endpoint uses is noted only when it gets it. To be called in a transaction. */
export function supplyEndpoint(table: ResourceTable, endpointId: string, needs: Needs, spec: EndpointSpec): Supply | Missing {
	const problems: string[] = [];
	const rows: ResourceRow[] = [];
	const take = (row: ResourceRow | null, problem: string): ResourceRow[] => {
		if (row === null) problems.push(problem);
		else rows.push(row);
		return row === null ? [] : [row];
	};
	const byId = (kind: ResourceKind, id: string | null, field: string, path: string): ResourceRow[] =>
		id === null ? [] : take(table.find(kind, id), `${field}: this account has no ${kind} ${id}: GET ${path} lists them`);

	const secrets = needs.secretNames.flatMap((name) =>
		take(table.findByName('secret', name), `env: refers to the secret ${name}, which this account does not have: make it with POST /v2/secrets`),
	);
	const registry = byId('registry', needs.registryId, 'registry', '/v2/registries');
	const volumes = needs.volumeIds.flatMap((id, at) => byId('volume', id, `networkVolumes.${at}`, '/v2/network-volumes'));
	byId('template', needs.templateId, 'templateId', '/v2/templates');
	if (problems.length > 0) return { problems };
	const supply: Supply = {
		secrets: Object.fromEntries(secrets.map(({ name, body }) => [name, sealedOf(body)])),
		registry: registry.map(({ body }) => sealedOf(body).sealed)[0] ?? null,
		volumes: volumes.map(({ id, body }) => ({ id, dataCenterId: (JSON.parse(body) as Volume).dataCenterId })),
	};
	const unfit = problemsOfSupply(spec, supply);
	if (unfit.length > 0) return { problems: unfit };
	table.setUses(
		endpointId,
		rows.map(({ id }) => id),
	);
	return supply;
}

function sealedOf(body: string): { sealed: string; chars: number } {
	const { sealed, chars } = JSON.parse(body) as { sealed: string; chars?: number };
	return { sealed, chars: chars ?? 0 };
}
