/** Calls put together at random: several wrong things at once, junk bodies, odd paths, queries, headers and methods. Seeded: `LONGSHORE_FUZZ_SEED`, `LONGSHORE_FUZZ_RUNS`. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apps } from '../../../edge/src/app.ts';
import { createDocument } from '../../../edge/src/openapi/document.ts';
import type { RawAnswer, RawRequest } from '../support/raw-http.ts';
import { type Json, textOf, withValue } from './json-text.ts';
import { faultsOfAnswer, faultsOfRefusal } from './judge.ts';
import { faultsOf, sampleOf, schemaAt } from './schema-faults.ts';
import { startWorld, type Target, targetsOf, type World } from './world.ts';

const SEED = Number(process.env['LONGSHORE_FUZZ_SEED'] ?? 20_260_901);
/** Calls of each operation, and of paths that there are not. */
const RUNS = Number(process.env['LONGSHORE_FUZZ_RUNS'] ?? 25);
const TIMEOUT_MS = 60_000 + RUNS * 2_000;

const document = createDocument(apps.flatMap(({ routes }) => routes));
const targets = targetsOf(document);

let world: World;
beforeAll(async () => {
	world = await startWorld();
}, 120_000);
afterAll(() => world?.stop());

/** Segments that are no id, as they stand in a request line. */
const oddSegment = fc.oneof(
	fc.constantFrom(
		'..',
		'.',
		'%2e%2e',
		'%2F',
		'..%2f..%2f',
		'%00',
		'%',
		'%zz',
		'%E0%A4%A',
		'%F0%9F%92%A5',
		"'",
		'"',
		'%3Cscript%3E',
		'__proto__',
		'constructor',
		'toString',
		'*',
		'%20',
		'~',
		';',
		':id',
		'{endpoint}',
		'-',
		'null',
		'0',
		'%252e%252e',
	),
	fc.integer({ min: 1, max: 6_000 }).map((length) => 'x'.repeat(length)),
	fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map(encodeURIComponentSafe),
	fc.stringMatching(/^[a-z0-9]{14}$/),
	fc.uuid().map((id) => `${id}-e0`),
);

const oddQuery = fc.oneof(
	fc.constantFrom(
		'',
		'?',
		'??',
		'?&&',
		'?=',
		'?%',
		'?%zz=1',
		'?wait=1000&wait=2000',
		'?wait[]=1000',
		'?__proto__=1',
		'?ttl=0',
		'?limit=1&limit=x',
		'?after=%00',
		'?a=%F0%9F',
		'?wait=%D9%A1%D9%A0%D9%A0%D9%A0',
		'?wait=1000#x',
	),
	fc
		.tuple(fc.constantFrom('wait', 'ttl', 'limit', 'offset', 'after', 'tail', 'since', 'x'), fc.string({ unit: 'binary', maxLength: 30 }))
		.map(([name, value]) => `?${name}=${encodeURIComponentSafe(value)}`),
	fc.integer({ min: 1, max: 4_000 }).map((length) => `?x=${'y'.repeat(length)}`),
);

const oddHeaders = fc.oneof(
	fc.constantFrom<Record<string, string>>(
		{},
		{ 'content-type': 'text/plain' },
		{ 'content-type': 'application/x-www-form-urlencoded' },
		{ 'content-type': 'multipart/form-data; boundary=x' },
		{ 'content-type': 'application/json; charset=utf-16' },
		{ 'content-type': '' },
		{ 'content-encoding': 'gzip' },
		{ accept: 'text/event-stream' },
		{ accept: 'application/xml' },
		{ 'accept-encoding': 'br;q=NaN' },
		{ 'if-none-match': '*' },
		{ range: 'bytes=0-1' },
		{ expect: '100-continue' },
		{ 'x-http-method-override': 'DELETE' },
		{ 'x-forwarded-for': '169.254.169.254' },
		{ 'last-event-id': '1.1' },
		{ 'last-event-id': '-' },
		{ 'idempotency-key': 'one-and-the-same' },
		{ host: 'metadata.internal' },
	),
	fc
		.tuple(
			fc.constantFrom('idempotency-key', 'last-event-id', 'authorization', 'x-longshore-attempt', 'traceparent', 'x-request-id'),
			fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,300}$/),
		)
		.map(([name, value]): Record<string, string> => ({ [name]: value })),
);

const junkBody = fc.oneof(
	fc.constantFrom(
		'',
		' ',
		'{',
		'}',
		'[]',
		'null',
		'"x"',
		'{"input":',
		'{"input":{}',
		'{"input":{},}',
		'\ufeff{"input":{}}',
		'input=1',
		'<xml/>',
		'{"input":{}}{"input":{}}',
		'{"__proto__":{"x":1},"input":{}}',
		'{"input":{},"input":[]}',
		'{"input":{"a":1e999}}',
		'{"input":{"a":NaN}}',
		'{"input":{"\\ud800":1}}',
		'{"a":{"a":{"a":1}}}',
	),
	fc.integer({ min: 1, max: 20_000 }).map((depth) => '{"input":'.repeat(depth)),
	fc.integer({ min: 100, max: 20_000 }).map((depth) => `{"input":${'['.repeat(depth)}${']'.repeat(depth)}}`),
	fc.uint8Array({ maxLength: 200 }),
	fc.json(),
	fc.string({ unit: 'binary', maxLength: 100 }),
);

/** A valid body with some of its faults put in, perhaps cut off. */
function spoiledBody({ operation }: Target): fc.Arbitrary<string> {
	const content = operation.requestBody?.content['application/json'];
	const schema = content?.schema ?? {};
	const resolve = (of: typeof schema): typeof schema => (typeof of['$ref'] === 'string' ? (document.components.schemas[of['$ref'].split('/').at(-1) ?? ''] ?? {}) : of);
	const faults = faultsOf(schema, resolve);
	if (faults.length === 0) return fc.constant('{}');
	const base = (content?.example ?? sampleOf(schema, resolve)) as Json;
	return fc.tuple(fc.subarray(faults, { maxLength: 4 }), fc.option(fc.nat({ max: 400 }), { freq: 6 })).map(([chosen, cut]) => {
		const text = textOf(chosen.reduce((body, { at, value }) => withValue(body, at, value, (path) => sampleOf(schemaAt(schema, path, resolve), resolve)), base));
		return cut === null ? text : text.slice(0, cut);
	});
}

async function send(target: Target, request: RawRequest): Promise<RawAnswer> {
	const answer = await world.send(request);
	if (answer.status < 400) await world.tidy(target, answer);
	return answer;
}

const options = { seed: SEED, numRuns: RUNS, endOnFailure: true };

/** Names of the ids in an operation's path. */
const idsOf = ({ template }: Target): string[] => [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

describe.each(targets)('$name', (target) => {
	const bodies =
		target.operation.requestBody === undefined
			? fc.option(
					junkBody.filter((body) => body.length < 200),
					{ nil: undefined },
				)
			: fc.oneof({ weight: 3, arbitrary: spoiledBody(target) }, { weight: 1, arbitrary: junkBody });

	test(
		'bears any body, query and headers',
		async () => {
			await fc.assert(
				fc.asyncProperty(bodies, fc.option(oddQuery, { nil: '', freq: 2 }), fc.option(oddHeaders, { nil: {}, freq: 2 }), async (body, query, headers) => {
					const path = (await world.pathFor(target)) + query;
					const answer = await send(target, { method: target.method, path, headers: { ...world.headersFor(target), ...headers }, ...(body === undefined ? {} : { body }) });
					expect(faultsOfAnswer(target, answer, world.check)).toEqual([]);
				}),
				options,
			);
		},
		TIMEOUT_MS,
	);

	test(
		'bears any method',
		async () => {
			const path = await world.pathFor(target);
			for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE', 'REPORT']) {
				if (document.paths[target.template]?.[method === 'HEAD' ? 'get' : method.toLowerCase()] !== undefined) continue;
				const answer = await world.send({ method, path, headers: world.headersFor(target) });
				// Whatever the method: a worker's own API takes what it takes. 400: this endpoint has none.
				const refusals = target.template.startsWith('/lb/') ? [400, 405] : [404, 405, 501];
				expect(refusals, `${method} ${path}`).toContain(answer.status);
				expect(answer.status).not.toBe(501);
				if (method !== 'HEAD') expect(faultsOfRefusal(target.template, answer)).toEqual([]);
			}
		},
		TIMEOUT_MS,
	);
});

describe.each(targets.filter((target) => idsOf(target).length > 0))('the ids of $name', (target) => {
	test(
		'may be anything',
		async () => {
			const over = fc.record(Object.fromEntries(idsOf(target).map((name) => [name, fc.option(oddSegment, { nil: undefined })])), { requiredKeys: [] });
			await fc.assert(
				fc.asyncProperty(over, oddQuery, async (ids, query) => {
					const chosen = Object.fromEntries(Object.entries(ids).filter((entry): entry is [string, string] => entry[1] !== undefined));
					const path = (await world.pathFor(target, chosen)) + query;
					const answer = await send(target, { method: target.method, path, headers: world.headersFor(target) });
					expect(faultsOfRefusal(target.template, answer)).toEqual([]);
				}),
				options,
			);
		},
		TIMEOUT_MS,
	);
});

describe.each(targets.filter(({ operation }) => operation.security.length > 0))('without its key $name', (target) => {
	test(
		'changes nothing',
		async () => {
			await world.pathFor(target);
			const before = await world.snapshot();
			const keys = fc.oneof(
				fc.constantFrom('', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', `Bearer ${'k'.repeat(5_000)}`, 'Bearer null', 'Bearer lsk_'),
				fc.stringMatching(/^[\x21-\x7e]{1,80}$/),
				fc.stringMatching(/^Bearer lsk_[a-z0-9]{14}[A-Za-z0-9]{38}$/),
			);
			await fc.assert(
				fc.asyncProperty(keys, async (authorization) => {
					const answer = await world.send({ method: target.method, path: await world.pathFor(target), headers: { authorization }, body: '{"input":{}}' });
					expect(answer.status).toBe(401);
					expect(faultsOfAnswer(target, answer, world.check)).toEqual([]);
				}),
				{ ...options, numRuns: Math.min(RUNS, 15) },
			);
			expect((await world.snapshot()).filter((line) => !before.includes(line) && !/ jobs$|batch/.test(line))).toEqual([]);
		},
		TIMEOUT_MS,
	);
});

test(
	'bears any path',
	async () => {
		const paths = fc.array(
			fc.oneof(oddSegment, fc.constantFrom('v2', 'v1', 'admin', 'regions', 'serverless', 'run', 'status', 'batch', 'openai', 'keys', 'docs', 'openapi.json')),
			{ maxLength: 6 },
		);
		await fc.assert(
			fc.asyncProperty(paths, oddQuery, fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), fc.boolean(), async (segments, query, method, isOperator) => {
				const headers = world.headersFor(targets.find(({ template }) => template === (isOperator ? '/admin/accounts' : '/v2/serverless')) as Target);
				const answer = await world.send({ method, path: `/${segments.join('/')}${query}`, headers });
				expect(faultsOfRefusal('any path', answer)).toEqual([]);
			}),
			{ ...options, numRuns: RUNS * 10 },
		);
	},
	TIMEOUT_MS * 2,
);

test('has neither ended nor logged a fault after all that', async () => {
	expect((await world.edge.call('GET', '/livez')).text).toBe('ok');
	expect(world.edge.log.filter((line) => /request failed|uncaught|exception/i.test(line))).toEqual([]);
});

/** `encodeURIComponent` throws for lone surrogates. */
function encodeURIComponentSafe(text: string): string {
	return encodeURIComponent(text.toWellFormed());
}
