/** Every field of every documented operation, wrong in every way and on its bounds, against a real edge. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apps } from '../../../edge/src/app.ts';
import { createDocument } from '../../../edge/src/openapi/document.ts';
import type { JsonSchema } from '../../../edge/src/openapi/json-schema.ts';
import type { RawRequest } from '../support/raw-http.ts';
import { type Json, textOf, withValue } from './json-text.ts';
import { faultsOfAnswer, messageOf, namesFault } from './judge.ts';
import { faultsOf, sampleOf, schemaAt } from './schema-faults.ts';
import { startWorld, type Target, targetsOf, type World } from './world.ts';

const document = createDocument(apps.flatMap(({ routes }) => routes));
const targets = targetsOf(document);
/** Refused calls between two looks at what there is. */
const LOOK_EVERY = 40;

let world: World;
beforeAll(async () => {
	world = await startWorld();
}, 120_000);
afterAll(() => world?.stop());

test('the edge serves the document that its routes make', () => {
	expect(world.document).toEqual(JSON.parse(JSON.stringify(document)));
});

interface Case {
	readonly what: string;
	readonly request: RawRequest;
	/** It is expected to be refused. */
	readonly isWrong: boolean;
	/** What is wrong with its refusal. */
	readonly judge: (message: string) => string[];
}

/** Sends calls one by one; what is wrong with their answers, and whether the refused ones changed something. */
async function run(target: Target, cases: AsyncIterable<Case>): Promise<string[]> {
	const problems: string[] = [];
	await world.pathFor(target);
	let before = await world.snapshot();
	let refused: string[] = [];
	const look = async (): Promise<void> => {
		const after = await world.snapshot();
		const changes = [...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`), ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)];
		if (refused.length > 0 && changes.length > 0) problems.push(`refused, and yet: ${changes.join(', ')} (one of: ${refused.join(' | ')})`);
		before = after;
		refused = [];
	};
	for await (const { what, request, isWrong, judge } of cases) {
		if (!isWrong && refused.length > 0) await look();
		const answer = await world.send(request);
		const found = faultsOfAnswer(target, answer, world.check);
		if (isWrong) found.push(...(answer.status < 400 ? [`accepted with ${answer.status}`] : judge(messageOf(answer.text) ?? '')));
		problems.push(...found.map((problem) => `${what}: ${problem}`.slice(0, 600)));
		if (answer.status >= 400 && isWrong) refused.push(what);
		else if (answer.status < 400) await world.tidy(target, answer);
		if (refused.length >= LOOK_EVERY) await look();
		if (answer.status < 400 && isWrong) before = await world.snapshot();
		if (problems.length > 12) break;
	}
	await look();
	return problems;
}

/** Wrong values first: nothing is accepted in between. */
function wrongFirst<T extends { isWrong: boolean }>(items: readonly T[]): T[] {
	return [...items.filter(({ isWrong }) => isWrong), ...items.filter(({ isWrong }) => !isWrong)];
}

describe.each(targets.filter(({ operation }) => operation.requestBody !== undefined))('the body of $name', (target) => {
	test('is refused where it is wrong, with the field and the bound', async () => {
		const schema = target.operation.requestBody?.content['application/json']?.schema ?? {};
		const sample = validBody(target, schema);
		async function* cases(): AsyncGenerator<Case> {
			for (const { at, value, what, isWrong, bound } of wrongFirst(faultsOf(schema, world.resolve))) {
				const body = textOf(withValue(sample, at, value, (path) => sampleOf(schemaAt(schema, path, world.resolve), world.resolve)));
				yield {
					what: `${at.join('.') || 'body'} ${what}`,
					request: { method: target.method, path: await world.pathFor(target), headers: world.headersFor(target), body },
					isWrong,
					judge: (message) => namesFault(message, at, bound),
				};
			}
		}
		expect(await run(target, cases())).toEqual([]);
	}, 120_000);
});

const ODD_NUMBERS = ['', '%20', 'abc', '-1', '1e3', '0x10', '1.5', 'NaN', 'Infinity', '99999999999999999999', 'null', '%00', '%F0%9F%92%A5', '5000;x', '%', '%zz', '1000&wait=x'];
const withParameters = targets.filter(({ operation }) => operation.parameters.some(({ in: where }) => where !== 'path'));

describe.each(withParameters)('the parameters of $name', (target) => {
	test('are refused where they are wrong, with their name and bounds', async () => {
		async function* cases(): AsyncGenerator<Case> {
			const body = target.operation.requestBody?.content['application/json'];
			const sample = body === undefined ? undefined : textOf(validBody(target, body.schema ?? {}));
			for (const parameter of target.operation.parameters.filter(({ in: where }) => where === 'query')) {
				const { minimum, maximum } = parameter.schema as { minimum?: number; maximum?: number };
				const isNumber = parameter.schema['type'] === 'integer';
				const bounds = [minimum === undefined ? [] : [minimum - 1], maximum === undefined ? [] : [maximum + 1]].flat();
				const values = [...bounds.map(String), ...ODD_NUMBERS].map((value) => ({ value, isWrong: isNumber && (bounds.map(String).includes(value) || !/^\d+(&|$)/.test(value)) }));
				for (const { value, isWrong } of wrongFirst(values)) {
					const path = `${await world.pathFor(target)}?${parameter.name}=${value}`;
					yield {
						what: `${parameter.name}=${value}`,
						request: { method: target.method, path, headers: world.headersFor(target), ...(sample === undefined ? {} : { body: sample }) },
						isWrong,
						judge: (message) => [minimum, maximum].flatMap((bound) => namesFault(message, [parameter.name], bound)),
					};
				}
			}
			for (const { name } of target.operation.parameters.filter(({ in: where }) => where === 'header')) {
				for (const value of ['', ' ', 'a b', '\u00e9', 'x'.repeat(256), 'x'.repeat(8_000), '"quoted"', '0.0.0', '-1.-1', '1.99999999999999', '__proto__']) {
					const headers = { ...world.headersFor(target), [name]: value, ...(name === 'Last-Event-ID' ? { accept: 'text/event-stream' } : {}) };
					yield {
						what: `${name}: ${value.slice(0, 30)}`,
						isWrong: false,
						request: { method: target.method, path: await world.pathFor(target), headers, ...(sample === undefined ? {} : { body: sample }) },
						judge: () => [],
					};
				}
			}
		}
		expect(await run(target, cases())).toEqual([]);
	}, 120_000);
});

/** The documented example, so that no other field is wrong. */
function validBody(target: Target, schema: JsonSchema): Json {
	const example = target.operation.requestBody?.content['application/json']?.example as Json | undefined;
	if (target.template === '/v2/keys') return { name: 'a', permissions: ['read'] };
	if (target.template === '/v2/{endpoint}/openai/v1/{path}') return { model: 'm' };
	if (target.template === '/admin/regions/{id}') return { url: 'http://127.0.0.1:9', publicKey: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=' };
	return example ?? sampleOf(schema, world.resolve);
}
