/** A deleted endpoint leaves nothing of its jobs behind, and what its hosts still report is answered. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

test('deleting an endpoint removes its jobs from storage and stops what still runs', async () => {
	const running = await client.runAt(region, { input: { canary: 'running' } });
	expect(await region.tell(running, 'started')).toBe('accepted');
	await client.runAt(region, { input: { canary: 'queued' } });
	expect(readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs')).toHaveLength(2);

	const deleted = await edge.call('DELETE', `/v2/serverless/${client.endpointId}`, undefined, client.key);
	expect(deleted.status).toBe(204);

	expect(readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs')).toEqual([]);
	expect((await client.status(running.id)).status).toBe(404);
	expect(await region.tell(running, 'result', { text: '{}', executionMs: 1 })).toBe('stop');
});
