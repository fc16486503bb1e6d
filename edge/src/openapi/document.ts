/** The OpenAPI 3.1 document of the routes that are really registered. */
import { RATE_LIMITS, type RateRoute } from '@longshore/shared-schema/limits';
import { errorFormOf } from '../errors.ts';
import type { DescribedRoute } from '../routes/create-app.ts';
import { ERROR_FORMS, errorsOf, isOfOneJob } from './errors.ts';
import { createSchemaBook, type JsonSchema, type SchemaBook } from './json-schema.ts';
import { type Answer, GROUPS, type Operation, type Parameter } from './operation.ts';
import { ANSWER_HEADERS, GONE_PARAMETER, PATH_PARAMETERS } from './parameters.ts';

/** Bumped with a change that a client can notice. */
export const API_VERSION = '1.0.0';

const INTRODUCTION = `An open, self-hosted serverless GPU gateway that speaks RunPod Serverless’ API.

Send the API key as \`Authorization: Bearer <key>\`; the bare key is taken too. Request bodies are JSON whatever their content type says.
Errors say which field is wrong, its bound and the fix: \`{"error": "…"}\` on the job API, \`application/problem+json\` on the management
API, OpenAI’s error object on its route. Where trying again helps, \`Retry-After\` says when.`;

/** An OpenAPI document, as far as its own readers look into it. */
export interface OpenApiDocument {
	readonly openapi: '3.1.0';
	readonly info: { readonly title: string; readonly version: string; readonly description: string };
	readonly tags: readonly { readonly name: string; readonly description: string }[];
	readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
	readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly [part: string]: unknown };
	readonly [member: string]: unknown;
}

export interface OpenApiParameter {
	readonly name: string;
	readonly in: 'path' | 'query' | 'header';
	readonly required: boolean;
	readonly description: string;
	readonly schema: JsonSchema;
	readonly example?: string | number;
}

export interface OpenApiContent {
	readonly schema?: JsonSchema;
	readonly example?: unknown;
}

export interface OpenApiAnswer {
	readonly description: string;
	readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
	readonly content?: Readonly<Record<string, OpenApiContent>>;
}

export interface OpenApiOperation {
	readonly operationId: string;
	readonly tags: readonly string[];
	readonly summary: string;
	readonly description?: string;
	readonly security: readonly Readonly<Record<string, readonly string[]>>[];
	readonly parameters: readonly OpenApiParameter[];
	readonly requestBody?: { readonly required: boolean; readonly description: string; readonly content: Readonly<Record<string, OpenApiContent>> };
	readonly responses: Readonly<Record<string, OpenApiAnswer>>;
}

/** The document of `routes`; internal ones are left out. Throws when two operations share an id. */
export function createDocument(routes: readonly DescribedRoute[]): OpenApiDocument {
	const book = createSchemaBook();
	const paths: Record<string, Record<string, OpenApiOperation>> = {};
	const ids = new Set<string>();
	for (const { method, path, operation } of routes) {
		if (operation === 'internal') continue;
		const id = ids.has(operation.id) ? `${operation.id}By${method[0]}${method.slice(1).toLowerCase()}` : operation.id;
		if (ids.has(id)) throw new Error(`two operations have the id ${id}`);
		ids.add(id);
		const template = toTemplate(path);
		paths[template] = { ...paths[template], [method.toLowerCase()]: toOperation(id, method, path, operation, book) };
	}
	return {
		openapi: '3.1.0',
		info: { title: 'Longshore', version: API_VERSION, description: INTRODUCTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } } as OpenApiDocument['info'],
		servers: [{ url: '/', description: 'This gateway.' }],
		tags: Object.entries(GROUPS).map(([name, description]) => ({ name, description })),
		paths,
		components: {
			schemas: book.components(),
			securitySchemes: {
				bearer: { type: 'http', scheme: 'bearer', description: 'An account’s API key: `Authorization: Bearer <key>`.' },
				bareKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'The same key without `Bearer`, as RunPod takes it too.' },
				operator: { type: 'http', scheme: 'bearer', description: 'The operator’s token.' },
			},
		},
	};
}

/** `/v2/:endpoint/openai/v1/*` → `/v2/{endpoint}/openai/v1/{path}` */
export function toTemplate(path: string): string {
	return path.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');
}

function toOperation(id: string, method: string, path: string, operation: Operation, book: SchemaBook): OpenApiOperation {
	const { group, summary, text, key, body, limit } = operation;
	const scope = key === 'none' || key === 'operator' ? '' : `The key needs the scope \`${key}\`.`;
	const description = [text, scope, limit === undefined ? '' : limitText(limit)].filter((part) => part !== undefined && part !== '').join('\n\n');
	return {
		operationId: id,
		tags: [group],
		summary,
		...(description === '' ? {} : { description }),
		security: key === 'none' ? [] : key === 'operator' ? [{ operator: [] }] : [{ bearer: [] }, { bareKey: [] }],
		parameters: parametersOf(path, operation, book),
		...(body === undefined || method === 'GET'
			? {}
			: {
					requestBody: {
						required: body.required,
						description: `At most ${body.bytesMax.toLocaleString('en')} bytes.`,
						content: { 'application/json': { schema: book.use(body.schema), example: body.example } },
					},
				}),
		responses: answersOf(path, operation, book),
	};
}

function limitText(limit: RateRoute): string {
	const { per10s, concurrent, workerShare } = RATE_LIMITS[limit];
	const more = workerShare === 0 ? '' : ', more where many workers run';
	return `At most ${per10s.toLocaleString('en')} calls in 10 s and ${concurrent} at one time, per account and endpoint${more}.`;
}

function parametersOf(path: string, { path: own = [], query = [], headers = [] }: Operation, book: SchemaBook): OpenApiParameter[] {
	const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
	const inPath = names.map((name) => {
		const found = own.find((parameter) => parameter.name === name) ?? PATH_PARAMETERS[name];
		if (found === undefined) throw new Error(`${path}: nothing says what ${name} is`);
		return toParameter('path', found, book);
	});
	const rest = path.endsWith('*') ? own.filter(({ name }) => name === 'path').map((parameter) => toParameter('path', parameter, book)) : [];
	const inHeaders = isOfOneJob(path) ? [...headers, GONE_PARAMETER] : headers;
	return [...inPath, ...rest, ...query.map((parameter) => toParameter('query', parameter, book)), ...inHeaders.map((parameter) => toParameter('header', parameter, book))];
}

function toParameter(where: OpenApiParameter['in'], { name, text, schema, example }: Parameter, book: SchemaBook): OpenApiParameter {
	return { name, in: where, required: where === 'path', description: text, schema: book.use(schema), ...(example === undefined ? {} : { example }) };
}

function answersOf(path: string, operation: Operation, book: SchemaBook): Record<string, OpenApiAnswer> {
	const good = Object.entries(operation.answers).map(([status, answer]) => [status, toAnswer(answer, book)] as const);
	const { schema, type } = ERROR_FORMS[errorFormOf(path)];
	const content = { [type]: { schema: book.use(schema) } };
	const bad = [...errorsOf(operation, path)].map(
		([status, { text, retries }]) => [String(status), { description: text, ...(retries ? { headers: headersOf(['retry-after']) } : {}), content }] as const,
	);
	return Object.fromEntries([...good, ...bad]);
}

function toAnswer({ text, schema, type, headers, example, alternatives = {} }: Answer, book: SchemaBook): OpenApiAnswer {
	const own: [string, OpenApiContent][] =
		schema === undefined && type === undefined
			? []
			: [
					[
						type ?? 'application/json',
						{ ...(schema === undefined ? { schema: { type: 'string' } } : { schema: book.use(schema) }), ...(example === undefined ? {} : { example }) },
					],
				];
	const others = Object.entries(alternatives).map(([name, about]): [string, OpenApiContent] => [name, { schema: { type: 'string', description: about } }]);
	const content = Object.fromEntries([...own, ...others]);
	return { description: text, ...(headers === undefined ? {} : { headers: headersOf(headers) }), ...(Object.keys(content).length === 0 ? {} : { content }) };
}

function headersOf(names: readonly string[]): NonNullable<OpenApiAnswer['headers']> {
	return Object.fromEntries(names.map((name) => [name, { description: ANSWER_HEADERS[name] ?? '', schema: { type: name === 'retry-after' ? 'integer' : 'string' } }]));
}
