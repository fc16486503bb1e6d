/** What would have to change so that the installation is as a `longshore.json` says: pure, from the file and from what is there. */
import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';
import { ShellWordsError } from '@longshore/shared-schema/endpoint/shell-words';
import { specFromV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import type { CreateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { problemsOfCreate, problemsOfSpec } from '@longshore/shared-schema/wire/rest-v2/endpoint-problems';
import { settingsV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-show';
import { diffSettings, type ReleaseDiffEntry } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import { type CreateTemplateV2, templateFromV2, toTemplateV2 } from '@longshore/shared-schema/wire/rest-v2/template';
import { templateSettings } from '../commands/references.ts';
import type { Manifest, ManifestEndpoint, ManifestTemplate } from './manifest.ts';

/** What is there now, as REST v2 lists it. */
export interface Live {
	readonly volumes: readonly LiveThing[];
	readonly templates: readonly LiveThing[];
	readonly registries: readonly LiveThing[];
	readonly endpoints: readonly LiveThing[];
}
export type LiveThing = { readonly id: string; readonly name: string } & Readonly<Record<string, unknown>>;

export type Kind = 'volume' | 'template' | 'endpoint';

/** One thing of the file. */
export interface Change {
	readonly action: 'create' | 'update' | 'keep';
	readonly kind: Kind;
	readonly name: string;
	/** Of what is there. */
	readonly id: string | null;
	readonly fields: readonly ReleaseDiffEntry[];
	/** Whether workers are replaced. */
	readonly rolls: boolean;
	/** What is sent. */
	readonly body: Readonly<Record<string, unknown>>;
}

/** A reason why the file cannot be deployed, at a path of it. */
export interface PlanProblem {
	readonly path: readonly PropertyKey[];
	readonly text: string;
}

export interface Plan {
	readonly changes: readonly Change[];
	readonly problems: readonly PlanProblem[];
}

/** Settings of an endpoint that apply without new workers; anything else makes a release. */
export const IN_PLACE: ReadonlySet<string> = new Set(['workers', 'scaling', 'timeout', 'ttl', 'retries', 'flashboot', 'webhook', 'fallbackOrder']);
/** What stands for the id of something that this plan makes first. */
export const NEW = 'new:';

/** The plan, in the order in which it can be carried out. */
export function makePlan(manifest: Manifest, live: Live): Plan {
	const problems: PlanProblem[] = [];
	const changes: Change[] = [];
	const add = (path: readonly PropertyKey[], make: () => Change): void => {
		try {
			changes.push(make());
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			problems.push(...error.problems.map((problem) => ({ path: [...path, ...problem.path], text: problem.text })));
		}
	};
	for (const [name, volume] of Object.entries(manifest.volumes ?? {})) add(['volumes', name], () => volumeChange(name, volume, live));
	for (const [name, template] of Object.entries(manifest.templates ?? {})) add(['templates', name], () => templateChange(name, template, live));
	for (const [name, endpoint] of Object.entries(manifest.endpoints ?? {})) add(['endpoints', name], () => endpointChange(name, endpoint, manifest, live));
	return { changes, problems };
}

class Refused extends Error {
	readonly problems: readonly PlanProblem[];

	constructor(problems: readonly PlanProblem[]) {
		super('refused');
		this.problems = problems;
	}
}

function volumeChange(name: string, volume: NonNullable<Manifest['volumes']>[string], live: Live): Change {
	const body = { name, ...volume };
	const before = only(live.volumes, 'volume', name);
	if (before === null) return creation('volume', name, body);
	const fixed = (['dataCenter', 'type'] as const).filter((member) => volume[member] !== undefined && volume[member] !== before[member]);
	if (fixed.length > 0)
		throw new Refused(fixed.map((member) => ({ path: [member], text: `volume ${name} is ${String(before[member])} and stays so: give it another name, or delete it first` })));
	if (volume.size < Number(before['size'])) throw new Refused([{ path: ['size'], text: `volume ${name} has ${String(before['size'])} GB and can only grow` }]);
	return changeOf('volume', name, before, diffSettings({ size: before['size'] }, { size: volume.size }), { size: volume.size });
}

function templateChange(name: string, template: ManifestTemplate, live: Live): Change {
	const body = templateBody(name, template, live);
	const before = only(live.templates, 'template', name);
	const desired = toTemplateV2(
		'',
		name,
		withWords(['args'], () => templateFromV2(body)),
	);
	if (before === null) return creation('template', name, body, diffSettings({}, settable(body)));
	const { id: _, ...wanted } = desired;
	return changeOf('template', name, before, diffSettings(pick(before, wanted), wanted), wanted);
}

function endpointChange(name: string, endpoint: ManifestEndpoint, manifest: Manifest, live: Live): Change {
	const body = endpointBody(name, endpoint, manifest, live);
	const spec = withWords(['args'], () => specFromV2(body));
	const compute = problemsOfCreate(body);
	const problems = compute.length > 0 ? compute : problemsOfSpec(spec, body, DEFAULT_CATALOG);
	if (problems.length > 0) throw new Refused(problems.map(fieldProblem));
	const before = only(live.endpoints, 'endpoint', name);
	if (before === null) return creation('endpoint', name, body, diffSettings({}, settable(body)));
	if (before['type'] !== body.type)
		throw new Refused([{ path: ['type'], text: `endpoint ${name} is ${String(before['type'])} and stays so: give it another name, or delete it first` }]);
	if ((before['gpu'] === undefined) !== (body.gpu === undefined))
		throw new Refused([
			{
				path: [body.gpu === undefined ? 'cpu' : 'gpu'],
				text: `endpoint ${name} has ${body.gpu === undefined ? 'GPUs' : 'no GPU'} and stays so: give it another name, or delete it first`,
			},
		]);
	const wanted = settingsV2(spec) as unknown as Record<string, unknown>;
	return changeOf('endpoint', name, before, diffSettings(pick(before, wanted), wanted), wanted);
}

function creation(kind: Kind, name: string, body: Readonly<Record<string, unknown>>, fields: readonly ReleaseDiffEntry[] = diffSettings({}, settable(body))): Change {
	return { action: 'create', kind, name, id: null, fields, rolls: false, body };
}

/** An update of the members that differ, whole ones, since REST v2 replaces some of them whole. */
function changeOf(kind: Kind, name: string, before: LiveThing, fields: readonly ReleaseDiffEntry[], wanted: Readonly<Record<string, unknown>>): Change {
	const members = [...new Set(fields.map(({ field }) => field.split('.')[0] ?? ''))];
	const rolls = kind === 'endpoint' && members.some((member) => !IN_PLACE.has(member));
	const body = Object.fromEntries(members.map((member) => [member, wanted[member]]));
	return { action: fields.length === 0 ? 'keep' : 'update', kind, name, id: before.id, fields, rolls, body };
}

/** The REST v2 body of a template of the file. */
function templateBody(name: string, { directory, registry, ...settings }: ManifestTemplate, live: Live): CreateTemplateV2 {
	const image = imageOf(settings.image, directory);
	if (image === undefined) throw new Refused([{ path: [], text: 'needs something to run: image or directory' }]);
	return { ...settings, name, image, ...(registry === undefined ? {} : { registry: idOf(live.registries, 'registry', registry) }) } as CreateTemplateV2;
}

/** The REST v2 body of an endpoint of the file, over what its template says. */
function endpointBody(name: string, endpoint: ManifestEndpoint, manifest: Manifest, live: Live): CreateEndpointV2 {
	const { template, directory, registry, networkVolumes, ...settings } = endpoint;
	const base = template === undefined ? {} : fromTemplate(template, manifest, live);
	const image = imageOf(settings.image, directory) ?? base.image;
	if (image === undefined) throw new Refused([{ path: [], text: 'needs something to run: image, directory or template' }]);
	const volumes = networkVolumes?.map((one) =>
		Object.hasOwn(manifest.volumes ?? {}, one) && !live.volumes.some((known) => known.name === one) ? NEW + one : idOf(live.volumes, 'volume', one, 'networkVolumes'),
	);
	return {
		...base,
		...settings,
		name,
		type: settings.type ?? 'QUEUE',
		image,
		...(base.env === undefined && settings.env === undefined ? {} : { env: { ...base.env, ...settings.env } }),
		...(registry === undefined ? {} : { registry: idOf(live.registries, 'registry', registry) }),
		...(volumes === undefined ? {} : { networkVolumes: volumes }),
	} as CreateEndpointV2;
}

/** What an endpoint takes from a template: of the file, else of the account. */
function fromTemplate(name: string, manifest: Pick<Manifest, 'templates'>, live: Pick<Live, 'templates' | 'registries'>): Partial<CreateEndpointV2> {
	const own = manifest.templates?.[name];
	const shown =
		own === undefined
			? only(live.templates, 'template', name, 'template')
			: toTemplateV2(
					'',
					name,
					withWords(['template'], () => templateFromV2(templateBody(name, own, live as Live))),
				);
	if (shown === null) throw new Refused([{ path: ['template'], text: `there is no template "${name}", neither in this file nor in the account` }]);
	return templateSettings(shown) as Partial<CreateEndpointV2>;
}

function imageOf(image: string | undefined, directory: string | undefined): string | undefined {
	if (image !== undefined && directory !== undefined)
		throw new Refused([{ path: ['directory'], text: 'image and directory cannot both be given: directory is short for image "process://…"' }]);
	return directory === undefined ? image : `process://${directory}`;
}

/** The one thing with this name; null when there is none. */
function only(all: readonly LiveThing[], kind: string, name: string, at?: string): LiveThing | null {
	const named = all.filter((one) => one.name === name || (at !== undefined && one.id === name));
	if (named.length <= 1) return named[0] ?? null;
	throw new Refused([
		{ path: at === undefined ? [] : [at], text: `${named.length} ${kind}s are named "${name}" (${named.map(({ id }) => id).join(', ')}): delete or rename all but one` },
	]);
}

function idOf(all: readonly LiveThing[], kind: string, nameOrId: string, at: string = kind): string {
	const found = only(all, kind, nameOrId, at);
	if (found === null)
		throw new Refused([{ path: [at], text: `there is no ${kind} "${nameOrId}" in the account${all.length === 0 ? '' : `: there are ${all.map(({ name }) => name).join(', ')}`}` }]);
	return found.id;
}

function withWords<T>(path: readonly PropertyKey[], read: () => T): T {
	try {
		return read();
	} catch (error) {
		if (error instanceof ShellWordsError) throw new Refused([{ path, text: error.message }]);
		throw error;
	}
}

/** `workers.min: 5 must not exceed…` as a path and a text. */
function fieldProblem(problem: string): PlanProblem {
	const match = /^([A-Za-z][\w.]*): (.*)$/s.exec(problem);
	return match === null ? { path: [], text: problem.replace(/^gpu, cpu: /, '') } : { path: (match[1] ?? '').split('.'), text: match[2] ?? '' };
}

function pick(from: Readonly<Record<string, unknown>>, like: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(Object.keys(like).map((member) => [member, from[member]]));
}

function settable({ name: _, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return rest;
}
