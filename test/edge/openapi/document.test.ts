import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { appFor, apps } from '../../../edge/src/app.ts';
import { createDocument, toTemplate } from '../../../edge/src/openapi/document.ts';
import { GROUPS } from '../../../edge/src/openapi/operation.ts';

type SpecData = Extract<Parameters<Validator['validate']>[0], object>;

const routes = apps.flatMap((app) => app.routes);
const document = createDocument(routes);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
	Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);

test('the document is valid OpenAPI 3.1', async () => {
	const result = await new Validator().validate(structuredClone(document) as unknown as SpecData);
	expect(result.errors ?? []).toEqual([]);
	expect(result.valid).toBe(true);
	expect(document.openapi).toMatch(/^3\.1\./);
	expect((await new Validator().validate({ ...document, info: {} } as unknown as SpecData)).valid).toBe(false);
});

test('every route that a router serves is documented, and nothing else is', () => {
	const served = apps.flatMap((app) => app.served()).map(({ method, path }) => `${method} ${toTemplate(path)}`);
	const internal = routes.filter(({ operation }) => operation === 'internal').map(({ method, path }) => `${method} ${toTemplate(path)}`);
	expect(operations.map(({ name }) => name).sort()).toEqual(served.filter((name) => !internal.includes(name)).sort());
	for (const name of internal) expect(name).toMatch(/ \/regions\/v1\//);
});

test('every documented path is handed to the application that serves it', () => {
	for (const app of apps) for (const { path } of app.routes) expect(appFor(`http://edge${path.replaceAll(/:\w+/g, 'x').replace('*', 'x')}`)).toBe(app);
});

test('the whole job API is there', () => {
	const paths = [
		'run',
		'runsync',
		'status/{job}',
		'status-sync/{job}',
		'stream/{job}',
		'cancel/{job}',
		'retry/{job}',
		'purge-queue',
		'health',
		'requests',
		'batch',
		'openai/v1/{path}',
	];
	for (const path of paths) expect(Object.keys(document.paths)).toContain(`/v2/{endpoint}/${path}`);
	for (const verb of ['status', 'status-sync', 'stream']) expect(Object.keys(document.paths[`/v2/{endpoint}/${verb}/{job}`] ?? {})).toEqual(['get', 'post']);
});

test('bounds are those of the schemas that parse', () => {
	const schemas = document.components.schemas as Record<string, { properties: Record<string, { properties: Record<string, unknown> }> }>;
	expect(schemas['JobRequest']?.properties['policy']?.properties['ttl']).toMatchObject({ type: 'integer', minimum: 10_000, maximum: 604_800_000 });
	const wait = operations.find(({ name }) => name === 'POST /v2/{endpoint}/runsync')?.operation.parameters.find(({ name }) => name === 'wait');
	expect(wait?.schema).toEqual({ type: 'integer', minimum: 1_000, maximum: 300_000, default: 90_000 });
});

test('ids of operations are unique and fit for names in generated clients', () => {
	const ids = operations.map(({ operation }) => operation.operationId);
	expect(new Set(ids).size).toBe(ids.length);
	for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]*$/);
});

describe.each(operations)('$name', ({ name, operation }) => {
	test('says what it does, what it takes, and how it can fail', () => {
		expect(operation.summary.length).toBeGreaterThan(5);
		expect(Object.keys(GROUPS)).toContain(operation.tags[0]);
		for (const parameter of operation.parameters) expect(parameter.description.length, parameter.name).toBeGreaterThan(5);
		const placeholders = [...name.matchAll(/\{(\w+)\}/g)].map(([, placeholder]) => placeholder);
		expect(operation.parameters.filter(({ in: where }) => where === 'path').map((parameter) => parameter.name)).toEqual(placeholders);
		const statuses = Object.keys(operation.responses);
		expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
		if (operation.security.length > 0) expect(statuses).toEqual(expect.arrayContaining(['401', '500', '503']));
		if (operation.requestBody !== undefined) expect(statuses).toEqual(expect.arrayContaining(['400', '413']));
		for (const status of ['429', '503']) if (statuses.includes(status)) expect(Object.keys(operation.responses[status]?.headers ?? {})).toContain('retry-after');
	});
});
