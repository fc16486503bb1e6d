/** Puts the ids of templates, volumes and registries where a person gave names. */
import { notFound } from '../api/client.ts';
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import type { SpecFlags } from './endpoint-spec.ts';

/** A kind of thing that endpoints refer to. */
export interface Reference {
	readonly kind: string;
	readonly path: string;
	/** Member of the list's answer. */
	readonly member: string;
	readonly listCommand: string;
}

export const TEMPLATES: Reference = { kind: 'template', path: '/v2/templates', member: 'templates', listCommand: 'longshore template list' };
export const VOLUMES: Reference = { kind: 'volume', path: '/v2/network-volumes', member: 'networkVolumes', listCommand: 'longshore volume list' };
export const SECRETS: Reference = { kind: 'secret', path: '/v2/secrets', member: 'secrets', listCommand: 'longshore secret list' };
export const KEYS: Reference = { kind: 'key', path: '/v2/keys', member: 'keys', listCommand: 'longshore key list' };
export const REGISTRIES: Reference = { kind: 'registry', path: '/v2/registries', member: 'registries', listCommand: 'longshore registry list' };

/** Things of a kind, as the edge lists them. */
export async function listReferences(session: Session, { path, member }: Reference): Promise<Record<string, unknown>[]> {
	const answer = await session.edge().call('GET', path);
	return answer[member] as Record<string, unknown>[];
}

/** The one that a person named by its id or name. Throws `Failure` when none or more than one is. */
export async function findReference(session: Session, reference: Reference, nameOrId: string): Promise<Record<string, unknown>> {
	return pickByName(await listReferences(session, reference), reference.kind, nameOrId, reference.listCommand);
}

/** The one of `all` with this id or name. Throws `Failure` when none or more than one is. */
export function pickByName<T extends Readonly<Record<string, unknown>>>(all: readonly T[], kind: string, nameOrId: string, listCommand: string): T {
	const byId = all.find((one) => one['id'] === nameOrId);
	if (byId !== undefined) return byId;
	const named = all.filter((one) => one['name'] === nameOrId);
	if (named.length > 1) throw new Failure(`${named.length} of them are named "${nameOrId}": ${named.map((one) => one['id']).join(', ')}`, 'Name the one you mean by its id.');
	if (named[0] !== undefined) return named[0];
	const known = all.flatMap((one) => [one['name'], one['id']]).filter((one): one is string => typeof one === 'string');
	throw notFound(kind, nameOrId, known, listCommand);
}

/** What an endpoint takes from a template: what it runs, not how much of it. */
export function templateSettings(template: Readonly<Record<string, unknown>>): Record<string, unknown> {
	const taken = ['image', 'args', 'env', 'disk', 'ports', 'registry'];
	return Object.fromEntries(Object.entries(template).filter(([member, value]) => taken.includes(member) && value !== null && value !== ''));
}

/** The body of an endpoint with the ids of what its flags name. */
export async function withReferences(session: Session, body: Record<string, unknown>, flags: SpecFlags): Promise<Record<string, unknown>> {
	const idOf = async (reference: Reference, name: string): Promise<unknown> => (await findReference(session, reference, name))['id'];
	const base = flags.template === undefined ? {} : templateSettings(await findReference(session, TEMPLATES, flags.template));
	const env = base['env'] === undefined && body['env'] === undefined ? {} : { env: { ...(base['env'] as object | undefined), ...(body['env'] as object | undefined) } };
	return {
		...base,
		...body,
		...env,
		...(flags.volume === undefined ? {} : { networkVolumes: await Promise.all(flags.volume.map((name) => idOf(VOLUMES, name))) }),
		...(flags.registry === undefined ? {} : { registry: await idOf(REGISTRIES, flags.registry) }),
	};
}
