/** What an endpoint needs of its account besides its specification, and what that means for where it may run. Pure. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { fillSecrets, secretNames } from '@longshore/shared-schema/endpoint/secret-refs';
import { ENV_VALUE_CHARS_MAX } from '@longshore/shared-schema/limits';

/** Things of the account that an endpoint refers to. */
export interface Needs {
	readonly secretNames: readonly string[];
	readonly registryId: string | null;
	readonly volumeIds: readonly string[];
	/** The template that it is bound to (REST v1). */
	readonly templateId: string | null;
}

/** A volume and where it lies. */
export interface VolumePlace {
	readonly id: string;
	readonly dataCenterId: string;
}

/** The things themselves, as they are kept beside the specification: what is secret is sealed. */
export interface Supply {
	/** By name. `chars`: length of the value. */
	readonly secrets: Readonly<Record<string, { readonly sealed: string; readonly chars: number }>>;
	/** Sealed `{"username":…,"password":…}`. */
	readonly registry: string | null;
	readonly volumes: readonly VolumePlace[];
}

export const NO_SUPPLY: Supply = { secrets: {}, registry: null, volumes: [] };

/** What a specification refers to. */
export function needsOf(spec: EndpointSpec, templateId: string | null): Needs {
	return { secretNames: secretNames(spec.env), registryId: spec.registryId, volumeIds: spec.networkVolumeIds, templateId };
}

/** Whether there is nothing to ask the account for. */
export function isSelfContained({ secretNames: names, registryId, volumeIds, templateId }: Needs): boolean {
	return names.length === 0 && registryId === null && volumeIds.length === 0 && templateId === null;
}

/** What is wrong between a specification and what it refers to: the field and what to change. */
export function problemsOfSupply(spec: EndpointSpec, supply: Supply): string[] {
	return [...problemsOfVolumes(spec, supply.volumes), ...problemsOfFilled(spec, supply)];
}

function problemsOfVolumes(spec: EndpointSpec, volumes: readonly VolumePlace[]): string[] {
	return volumes.flatMap(({ id, dataCenterId }, at) => {
		const twin = volumes.findIndex((other) => other.dataCenterId === dataCenterId);
		if (twin < at) return [`networkVolumes.${at}: ${id} and ${volumes[twin]?.id} both lie in ${dataCenterId}: a worker mounts one volume, keep one of them`];
		if (spec.dataCenterIds.length === 0 || spec.dataCenterIds.includes(dataCenterId)) return [];
		return [`networkVolumes.${at}: ${id} lies in ${dataCenterId}, which dataCenterIds (${spec.dataCenterIds.join(', ')}) does not allow: add it, or leave the volume out`];
	});
}

function problemsOfFilled(spec: EndpointSpec, { secrets }: Supply): string[] {
	const blanks = new Map(Object.entries(secrets).map(([name, { chars }]) => [name, ' '.repeat(chars)]));
	return Object.entries(fillSecrets(spec.env, blanks)).flatMap(([name, value]) =>
		value.length <= ENV_VALUE_CHARS_MAX ? [] : [`env.${name}: has ${value.length} characters with its secrets filled in, at most ${ENV_VALUE_CHARS_MAX} are allowed`],
	);
}

/** The specification with the data centres in which it can really run: those of its volumes, if it has any. */
export function placedOf({ spec, supply }: { readonly spec: EndpointSpec; readonly supply?: Supply }): EndpointSpec {
	const volumes = supply?.volumes ?? [];
	return volumes.length === 0 ? spec : { ...spec, dataCenterIds: volumes.map(({ dataCenterId }) => dataCenterId) };
}

/** Names of secrets that were there before and have another value now. */
export function renewedSecrets(before: Supply, now: Supply): string[] {
	return Object.entries(now.secrets).flatMap(([name, { sealed }]) => {
		const old = before.secrets[name];
		return old === undefined || old.sealed === sealed ? [] : [name];
	});
}
