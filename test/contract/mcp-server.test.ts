/** RunPod's own MCP server, npm `@runpod/mcp-server` 4.0.0 unmodified, pointed at our door by its environment variables. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type McpClient, startMcp } from '../support/mcp-client.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const PACKAGE = resolve(import.meta.dirname, '../../node_modules/@runpod/mcp-server');

let stack: Stack;
let endpoint: RawEndpoint;
let mcp: McpClient;

/** What a tool answered; throws with its text when it failed. */
async function use(tool: string, args: object = {}): Promise<unknown> {
	const answer = await mcp.call(tool, args);
	if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
	return answer.value;
}

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack, { name: 'mcp' });
	mcp = await startMcp(resolve(PACKAGE, 'dist/stdio.mjs'), {
		RUNPOD_API_KEY: stack.apiKey,
		RUNPOD_API_BASE_URL: stack.url,
		RUNPOD_SERVERLESS_API_URL: `${stack.url}/v2`,
		RUNPOD_PUBLIC_GRAPHQL_URL: `${stack.url}/graphql`,
		RUNPOD_AUTHED_GRAPHQL_URL: `${stack.url}/graphql`,
	});
}, 240_000);
afterAll(async () => {
	await mcp?.stop();
	await stack?.stop();
}, 60_000);

test('is the release that the contract names', () => {
	expect((JSON.parse(readFileSync(resolve(PACKAGE, 'package.json'), 'utf8')) as { version: string }).version).toBe('4.0.0');
});

test('lists endpoints and shows one', async () => {
	expect(await mcp.tools()).toEqual(expect.arrayContaining(['list-endpoints', 'get-endpoint', 'run-endpoint', 'get-job-status']));
	expect(JSON.stringify(await use('list-endpoints'))).toContain(endpoint.id);
	expect(JSON.stringify(await use('get-endpoint', { id: endpoint.id }))).toContain('"mcp"');
});

test('runs a job and reads its status until the end', async () => {
	const { id } = (await use('run-endpoint', { endpointId: endpoint.id, input: { n: 7 } })) as { id: string };
	expect(await use('get-job-status', { endpointId: endpoint.id, jobId: id, wait: 25_000 })).toMatchObject({ id, status: 'COMPLETED', output: { raw: { n: 7 } } });
	expect(await use('runsync-endpoint', { endpointId: endpoint.id, input: { n: 8 }, wait: 20_000 })).toMatchObject({ status: 'COMPLETED', output: { raw: { n: 8 } } });
	expect(await use('endpoint-health', { endpointId: endpoint.id })).toMatchObject({ jobs: { completed: 2 } });
});

test('makes, changes and deletes a template, a volume, a credential and an endpoint', async () => {
	const [template, volume, registry] = (await Promise.all([
		use('create-template', { body: { name: 'by-mcp', image: 'image:1', serverless: true } }),
		use('create-network-volume', { body: { name: 'by-mcp', size: 10, dataCenter: 'EU-RO-1' } }),
		use('create-registry', { body: { name: 'by-mcp', username: 'u', password: 'p' } }),
	])) as { id: string }[];
	const made = (await use('create-endpoint', {
		body: { name: 'by-mcp', type: 'QUEUE', templateId: template?.id, gpu: { pools: ['ADA_24'] }, scaling: { type: 'QUEUE_DELAY', queueDelay: 4 }, workers: { min: 0, max: 1 } },
	})) as { id: string };
	expect(await use('update-endpoint', { id: made.id, body: { workers: { max: 2 } } })).toMatchObject({ workers: { max: 2 } });
	expect(JSON.stringify(await use('list-templates'))).toContain(template?.id);
	await use('delete-endpoint', { id: made.id });
	await use('delete-template', { id: template?.id });
	await use('delete-network-volume', { id: volume?.id });
	await use('delete-registry', { id: registry?.id });
	expect((await mcp.call('get-endpoint', { id: made.id })).isError).toBe(true);
});

test('a wrong key is told as what it is', async () => {
	const stranger = await startMcp(resolve(PACKAGE, 'dist/stdio.mjs'), { RUNPOD_API_KEY: 'wrong', RUNPOD_API_BASE_URL: stack.url, RUNPOD_SERVERLESS_API_URL: `${stack.url}/v2` });
	try {
		const answer = await stranger.call('list-endpoints');
		expect([answer.isError, answer.text]).toEqual([true, expect.stringMatching(/401|invalid api key/i)]);
	} finally {
		await stranger.stop();
	}
});
