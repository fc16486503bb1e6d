/** Two accounts × every registered route × every id of the other: the same 404 as for an id that never was. And no key's text anywhere. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apps } from '../../../edge/src/app.ts';
import { host } from '../core/samples.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

const ENDPOINT = { name: 'e', type: 'QUEUE', image: 'image:1', gpu: { pools: ['ADA_24'] } };
const NOBODY = 'aaaaaaaaaaaaaa';
const NO_JOB = '5f0e0b9e-1d2c-4b3a-8f4e-0123456789ab-e0';

/** Everything that an account can have, by the parameter or the path that names it. */
type Ids = Readonly<Record<string, string>>;

/** Which thing `:id` stands for behind which path; what is not here belongs to nobody (the catalogue) or to the operator. */
const OWNED: readonly (readonly [RegExp, string])[] = [
	[/^\/v[12]\/(serverless|endpoints)\//, 'endpoint'],
	[/^\/v2\/keys\//, 'key'],
	[/^\/v[12]\/templates\//, 'template'],
	[/^\/v[12]\/(network-volumes|networkvolumes)\//, 'volume'],
	[/^\/v[12]\/(registries|containerregistryauth)\//, 'registry'],
	[/^\/v2\/(account\/)?secrets\//, 'secret'],
];
/** Bodies that are right, so that nothing but the id can be refused. */
const BODIES: readonly (readonly [RegExp, unknown])[] = [
	[/secrets\/:id$/, { description: 'x' }],
	[/\/rollback$/, { version: 1 }],
	[/^\/v2\/:endpoint\/(run|runsync)$/, { input: {} }],
	[/^\/v2\/:endpoint\/batch$/, {}],
	[/\/batch\/:batch$/, { name: 'x' }],
	[/\/batch\/:batch\/requests$/, [{ input: {} }]],
	[/\/openai\//, { model: 'm', messages: [] }],
];

let edge: Edge;
let region: Region;
let owner: { key: string; ids: Ids };
let other: { key: string; ids: Ids };
const minted: string[] = [];
const answers: string[] = [];

async function call(method: string, path: string, body: unknown, key: string): Promise<Answer> {
	const answer = await edge.call(method, path, body, key);
	answers.push(answer.text);
	return answer;
}

/** An account with one of everything. */
async function settle(): Promise<{ key: string; ids: Ids }> {
	const key = await edge.createAccount();
	const make = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
		const answer = await edge.call('POST', path, body, key);
		expect([200, 201], `${path}: ${answer.text}`).toContain(answer.status);
		return answer.body;
	};
	const secret = (await make('/v2/secrets', { name: 'held', value: 'canary-secret-value' }))['id'] as string;
	const registry = (await make('/v2/registries', { name: 'held', username: 'canary-user', password: 'canary-password' }))['id'] as string;
	const volume = (await make('/v2/network-volumes', { name: 'held', size: 10, dataCenter: 'EU-RO-1' }))['id'] as string;
	const template = (await make('/v2/templates', { name: 'held', image: 'i:1', serverless: true }))['id'] as string;
	const endpoint = (await make('/v2/serverless', { ...ENDPOINT, registry, networkVolumes: [volume], env: { A: '{{ secret.held }}' } }))['id'] as string;
	const { id: keyId, key: second } = (await make('/v2/keys', { name: 'second', permissions: ['run'] })) as { id: string; key: string };
	minted.push(key, second);
	const job = (await make(`/v2/${endpoint}/run`, { input: {} }))['id'] as string;
	const batch = (await make(`/v2/${endpoint}/batch`, { requests: [] }))['id'] as string;
	return { key, ids: { endpoint, job, batch, key: keyId, template, volume, registry, secret } };
}

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'r1');
	region.hosts = [host({ id: 'h1', dataCenterId: 'EU-RO-1' })];
	await region.heartbeat();
	owner = await settle();
	other = await settle();
}, 60_000);
afterAll(async () => {
	await region.close();
	await edge.stop();
});

const routes = apps
	.flatMap((app) => app.routes)
	.filter(({ operation, path }) => operation !== 'internal' && operation.key !== 'operator' && operation.key !== 'none' && path.includes(':'))
	.map(({ method, path }) => ({ method, path, owned: path.includes(':endpoint') ? 'endpoint' : OWNED.find(([pattern]) => pattern.test(path))?.[1] }));
const owned = routes.filter(({ owned: what }) => what !== undefined);

/** The path with the ids of `ids`; what nobody owns by itself (a worker, a request of a batch) is a text. */
function filled(path: string, thing: string, ids: Ids): string {
	return path
		.replace(':id', ids[thing] ?? NOBODY)
		.replaceAll(/:(\w+)/g, (_whole, name: string) => ids[name] ?? 'x')
		.replace('*', 'chat/completions');
}

const bodyOf = (method: string, path: string): unknown => (method === 'GET' || method === 'DELETE' ? undefined : (BODIES.find(([pattern]) => pattern.test(path))?.[1] ?? {}));
const NONE: Ids = { endpoint: NOBODY, job: NO_JOB, batch: NOBODY };
const blank = (text: string, path: string): string => text.replaceAll(path, 'PATH');

test('only the catalogue has ids that are nobody’s', () => {
	for (const { path } of routes.filter(({ owned: what }) => what === undefined)) expect(path).toMatch(/^\/v2\/catalog\//);
	expect(owned.length).toBeGreaterThan(50);
});

describe.each(owned)('$method $path', ({ method, path, owned: thing = '' }) => {
	test("answers for another account's id as for one that never was", async () => {
		const [theirs, none] = [filled(path, thing, owner.ids), filled(path, thing, NONE)];
		const [ofTheirs, ofNone] = [await call(method, theirs, bodyOf(method, path), other.key), await call(method, none, bodyOf(method, path), other.key)];
		expect([ofTheirs.status, blank(ofTheirs.text, theirs)]).toEqual([ofNone.status, blank(ofNone.text, none)]);
		expect(ofTheirs.status).toBe(404);
		expect(Object.fromEntries(ofTheirs.headers)['content-type']).toBe(Object.fromEntries(ofNone.headers)['content-type']);
	});
});

describe.each(owned.filter(({ path }) => /:(job|batch)/.test(path)))('$method $path with an id of another account', ({ method, path, owned: thing = '' }) => {
	test("answers so on one's own endpoint too", async () => {
		const [theirs, none] = [filled(path, thing, { ...owner.ids, endpoint: other.ids['endpoint'] ?? '' }), filled(path, thing, { ...NONE, endpoint: other.ids['endpoint'] ?? '' })];
		const [ofTheirs, ofNone] = [await call(method, theirs, bodyOf(method, path), other.key), await call(method, none, bodyOf(method, path), other.key)];
		expect([ofTheirs.status, blank(ofTheirs.text, theirs)]).toEqual([ofNone.status, blank(ofNone.text, none)]);
		expect(ofTheirs.status).toBe(404);
	});
});

test('and none of it changed anything: the owner still has all', async () => {
	for (const path of ['serverless', 'templates', 'network-volumes', 'registries', 'secrets', 'keys']) {
		const list = Object.values((await edge.call('GET', `/v2/${path}`, undefined, owner.key)).body)[0] as { id: string }[];
		expect(list.length, path).toBe(path === 'keys' ? 2 : 1);
	}
	expect((await edge.call('GET', `/v2/${owner.ids['endpoint']}/status/${owner.ids['job']}`, undefined, owner.key)).status).toBe(200);
});

test('no key, secret or password is in a file of a store, in the log or in an answer', async () => {
	await edge.call('GET', '/v2/serverless', undefined, `${minted[0]}x`); // A key that is wrong by a character.
	const texts = [...minted, 'canary-secret-value', 'canary-password', 'canary-user'];
	await edge.kill();
	const files = readdirSync(edge.dataDir, { recursive: true, encoding: 'utf8' })
		.map((name) => join(edge.dataDir, name))
		.filter((file) => statSync(file).isFile());
	expect(files.length).toBeGreaterThan(5);
	for (const file of files) {
		const bytes = readFileSync(file);
		for (const text of texts) expect(bytes.includes(text), `${text.slice(0, 12)}… in ${file}`).toBe(false);
	}
	for (const text of texts) {
		expect(edge.log.join('\n')).not.toContain(text);
		expect(answers.some((answer) => answer.includes(text))).toBe(false);
	}
});
