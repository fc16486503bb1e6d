/** Every route that takes a body of the management APIs, against bodies that nobody would send: refused in words, never a fault of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apps } from '../../../edge/src/app.ts';
import { host } from '../core/samples.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const DEEP = 100_000;
const BODIES: readonly (readonly [string, string])[] = [
	['nothing', ''],
	['null', 'null'],
	['a number', '1e999'],
	['a text', '"x"'],
	['a list', '[{}]'],
	['no JSON', '{"name":'],
	['deep lists', '['.repeat(DEEP) + ']'.repeat(DEEP)],
	['a deep member', `{"env":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`],
	['prototype members', '{"__proto__":{"name":"x"},"constructor":{"prototype":1},"name":"p"}'],
	['prototype variables', '{"name":"p","image":"i","imageName":"i","env":{"__proto__":"x","constructor":"y","toString":"z"}}'],
	[
		'members of wrong types',
		'{"name":{"a":1},"image":[],"imageName":7,"env":"x","size":"10","permissions":"read","templateId":{},"value":false,"ports":[[]],"gpu":[],"workers":3,"url":9}',
	],
	['lone surrogates and NUL', '{"name":"\\ud800\\u0000","image":"\\udfff","imageName":"\\u0000","value":"\\ud800","username":"\\u0000","password":"\\ud800"}'],
	['twice the same member', '{"name":"a","name":"b"}'],
	['huge numbers', '{"size":1e308,"disk":-0,"workersMax":9007199254740993,"expiresAt":1}'],
];

let edge: Edge;
let region: Region;
let key: string;

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'r1');
	region.hosts = [host({ id: 'h1', dataCenterId: 'EU-RO-1' })];
	await region.heartbeat();
	key = await edge.createAccount();
}, 60_000);
afterAll(async () => {
	await region.close();
	await edge.stop();
});

const routes = apps
	.flatMap((app) => app.routes)
	.filter(({ operation, method }) => operation !== 'internal' && operation.body !== undefined && method !== 'GET')
	.filter(({ path }) => !path.startsWith('/v2/:endpoint'))
	.map(({ method, path, operation }) => ({ method, path, isOperator: operation !== 'internal' && operation.key === 'operator' }));

describe.each(routes)('$method $path', ({ method, path, isOperator }) => {
	test('answers every odd body with words of its own', async () => {
		for (const [what, body] of BODIES) {
			const answer = await edge.call(method, path.replaceAll(/:\w+/g, 'aaaaaaaaaaaaaa'), body, ...(isOperator ? [] : [key]));
			expect(answer.status, `${what}: ${answer.text.slice(0, 300)}`).toBeLessThan(500);
			expect(answer.text).not.toMatch(/SQLITE|node_modules|worker\.js|\bat .+:\d+:\d+|\[object Object\]/);
		}
	});
});

test('the log has no fault in it', () => {
	expect(edge.log.filter((line) => line.includes('request failed'))).toEqual([]);
});
