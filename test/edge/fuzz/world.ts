/** A real edge with something of everything in it, a region that runs every job at once, and what must never change by a refused call. */
import { createHash } from 'node:crypto';
import type { OpenApiDocument, OpenApiOperation } from '../../../edge/src/openapi/document.ts';
import type { JsonSchema } from '../../../edge/src/openapi/json-schema.ts';
import { type AnswerCheck, createAnswerCheck } from '../support/answer-check.ts';
import { clientOf, deploy } from '../support/client.ts';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw-http.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, OPERATOR_TOKEN, startEdge } from '../support/start-edge.ts';

/** One documented operation. */
export interface Target {
	readonly name: string;
	readonly method: string;
	/** `/v2/{endpoint}/run` */
	readonly template: string;
	readonly operation: OpenApiOperation;
}

export interface World {
	readonly edge: Edge;
	readonly document: OpenApiDocument;
	readonly check: AnswerCheck;
	readonly resolve: (schema: JsonSchema) => JsonSchema;
	send(request: RawRequest): Promise<RawAnswer>;
	/** Headers of a caller who may call the operation. */
	headersFor(target: Target): Record<string, string>;
	/** The path with ids of things that are there; `over` replaces single ones. */
	pathFor(target: Target, over?: Readonly<Record<string, string>>): Promise<string>;
	/** After an accepted call: takes away what it made, forgets what it ended. */
	tidy(target: Target, answer: RawAnswer): Promise<void>;
	/** What there is, without what changes by itself. */
	snapshot(): Promise<string[]>;
	stop(): Promise<void>;
}

/** Things of REST v1 are made by v2: the examples of v1 name others that have to be there. */
const SAME_THINGS: Readonly<Record<string, string>> = {
	'/v1/endpoints': '/v2/serverless',
	'/v1/templates': '/v2/templates',
	'/v1/networkvolumes': '/v2/network-volumes',
	'/v1/containerregistryauth': '/v2/registries',
};

/** Every operation of a document. */
export function targetsOf(document: OpenApiDocument): Target[] {
	return Object.entries(document.paths).flatMap(([template, item]) =>
		Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${template}`, method: method.toUpperCase(), template, operation })),
	);
}

export async function startWorld(): Promise<World> {
	const edge = await startEdge({ RATE_LIMITS: 'off', OPENAI_HOLD_MS: 1_500, OPENAI_STREAM_HOLD_MS: 1_500 });
	const region = await startRegion(edge, 'eu-1');
	runEverything(region);
	region.beat(true);
	const client = await deploy(edge, [region]);
	const batches = await deploy(edge, [region], { name: 'batches' }, client.key);
	const document = (await edge.call('GET', '/openapi.json')).body as unknown as OpenApiDocument;
	const ids = new Map<string, string>();
	const resolve = (schema: JsonSchema): JsonSchema => {
		const ref = schema['$ref'];
		return typeof ref === 'string' ? (document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {}) : schema;
	};
	const make = async (path: string, body: unknown, key: string): Promise<string> => {
		const answer = await edge.call('POST', path, body, key);
		if (answer.status === 409 || /already/.test(answer.text)) return firstOf((await edge.call('GET', path, undefined, key)).body);
		if (answer.status > 201) throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
		return answer.body['id'] as string;
	};
	/** The id for `{name}` in a template, of a thing that is made when there is none. */
	const idFor = async (template: string, name: string): Promise<string> => {
		const parent = template.slice(0, template.indexOf(`/{${name}}`));
		if (name === 'endpoint') return parent === '/v2' && template.includes('/batch') ? batches.endpointId : client.endpointId;
		if (parent === '/admin/regions') return 'fuzzed';
		if (name === 'path') return 'chat/completions';
		const place = `${parent}/${name}`;
		const known = ids.get(place);
		if (known !== undefined) return known;
		const id = await makeFor(parent, name, template);
		ids.set(place, id);
		return id;
	};
	const makeFor = async (parent: string, name: string, template: string): Promise<string> => {
		if (name === 'batch') {
			const path = `/v2/${batches.endpointId}/batch`;
			// An endpoint has only so many open batches at a time.
			const open = ((await edge.call('GET', path, undefined, client.key)).body as unknown as { id: string; status: string }[]).filter(({ status }) => status !== 'CANCELLED');
			if (open.length > 5) await Promise.all(open.map(({ id }) => edge.call('POST', `${path}/${id}/cancel`, undefined, client.key)));
			return make(path, [{ input: {} }], client.key);
		}
		if (parent.endsWith('/batch/{batch}/requests')) {
			const answer = await edge.call('POST', await fill(parent), { requests: [{ input: {} }] }, client.key);
			return ((answer.body['requests'] as { id: string }[] | undefined)?.[0]?.id ?? 'none') as string;
		}
		if (name === 'job')
			return make(`/v2/${client.endpointId}/run`, { input: { n: 1 }, ...(template.includes('webhooks') ? { webhook: 'https://hooks.example/x' } : {}) }, client.key);
		const newer = SAME_THINGS[parent];
		if (newer !== undefined) return makeFor(newer, name, template);
		const creating = document.paths[parent]?.['post'];
		const example = creating?.requestBody?.content['application/json']?.example;
		if (creating === undefined || example === undefined) return 'abcdefghijklmn';
		const own = parent === '/v2/keys' ? { ...(example as object), endpointIds: null } : example;
		return make(await fill(parent), own, parent.startsWith('/admin/') ? OPERATOR_TOKEN : client.key);
	};
	const fill = async (template: string, over: Readonly<Record<string, string>> = {}): Promise<string> => {
		let path = template;
		for (const [, name = ''] of template.matchAll(/\{(\w+)\}/g)) path = path.replace(`{${name}}`, () => over[name] ?? '\u0001');
		for (const [, name = ''] of template.matchAll(/\{(\w+)\}/g)) if (over[name] === undefined) path = path.replace('\u0001', await idFor(template, name));
		return path;
	};
	const keyFor = ({ operation }: Target): string | null => {
		if (operation.security.length === 0) return null;
		return 'operator' in (operation.security[0] ?? {}) ? OPERATOR_TOKEN : client.key;
	};
	return {
		edge,
		document,
		check: createAnswerCheck(document),
		resolve,
		send: (request) => sendRaw(edge.url, request),
		headersFor: (target) => {
			const key = keyFor(target);
			return key === null ? {} : { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
		},
		pathFor: ({ template }, over) => fill(template, over),
		tidy: async (target, answer) => {
			const { method, template } = target;
			const ended = method === 'DELETE' ? template.replace(/\/\{(\w+)\}$/, '/$1') : /\/batch\/\{batch\}\/(finalize|cancel)$/.test(template) ? '/v2/{endpoint}/batch/batch' : null;
			if (ended !== null) for (const place of [...ids.keys()]) if (place === ended || (ended.endsWith('/batch/batch') && place.includes('/batch/{batch}/'))) ids.delete(place);
			if (method !== 'POST' || answer.status > 201 || !answer.text.startsWith('{')) return;
			const id = (JSON.parse(answer.text) as Record<string, unknown>)['id'];
			if (typeof id !== 'string') return;
			if (
				document.paths[template]?.['get'] !== undefined &&
				Object.keys(document.paths).some((path) => path.startsWith(`${template}/{`) && document.paths[path]?.['delete'] !== undefined)
			)
				await edge.call('DELETE', `${await fill(template)}/${id}`, undefined, keyFor(target) ?? '');
			if (template.endsWith('/batch')) await edge.call('POST', `/v2/${batches.endpointId}/batch/${id}/cancel`, undefined, client.key);
		},
		snapshot: async () => {
			const lists = Object.entries(document.paths).filter(([template, item]) => item['get'] !== undefined && !template.includes('{') && template.startsWith('/v2/'));
			const listed = await Promise.all(lists.map(async ([template]) => linesOf(template, (await edge.call('GET', template, undefined, client.key)).body)));
			const { jobs } = await clientOf(edge, client.endpointId, client.key).health();
			const batch = (await edge.call('GET', `/v2/${batches.endpointId}/batch`, undefined, client.key)).body as unknown as { id: string; status: string; requestTotal: number }[];
			const regions = (await edge.call('GET', '/admin/regions')).body['regions'] as { id: string; url: string }[];
			const jobCount = ['completed', 'failed', 'inProgress', 'inQueue'].reduce((sum, name) => sum + (jobs[name] ?? 0), 0);
			return [
				...listed.flat(),
				`${jobCount} jobs`,
				...batch.map(({ id, status, requestTotal }) => `batch ${id} ${status} ${requestTotal}`),
				...regions.map(({ id, url }) => `region ${id} ${url}`),
			];
		},
		stop: async () => {
			await region.close();
			await edge.stop();
		},
	};
}

/** The id of a list's first thing: the other one of its name is there already. */
function firstOf(list: Record<string, unknown>): string {
	const things = (Object.values({ list, ...list }) as unknown[]).find(Array.isArray) as Record<string, unknown>[] | undefined;
	return String(things?.[0]?.['id'] ?? 'none');
}

/** One line a thing in a list: what it is, its id, and a hash of the rest. */
function linesOf(template: string, list: Record<string, unknown>): string[] {
	return Object.values(list)
		.flatMap((value) => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []))
		.map(
			(item) =>
				`${template} ${String(item['id'])} ${createHash('sha256')
					.update(JSON.stringify({ ...item, lastUsedAt: null }))
					.digest('hex')
					.slice(0, 12)}`,
		);
}

/** Each dispatched job gets its result at once. */
function runEverything(region: Region): void {
	region.onDispatch = (job) => {
		setTimeout(() => void region.tell(job, 'result', { text: '{"ok":true}' }).catch(() => undefined), 5);
		return 'accepted';
	};
}
