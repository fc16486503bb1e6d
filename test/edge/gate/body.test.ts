/** Bounds of request bodies, by their declared length and by what really comes. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RUN_BODY_BYTES_MAX, RUNSYNC_BODY_BYTES_MAX } from '../../../shared-schema/src/limits.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 600_000 });
	region = await startRegion(edge, 'eu-1');
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

/**
 * Posts `bytes` bytes of a good submission, with a Content-Length or in chunks; the answer's status and text. With `sent` only so many
 * bytes leave: the edge has to answer without the rest.
 */
function post(verb: string, bytes: number, chunked: boolean, sent = bytes): Promise<{ status: number; text: string }> {
	const [head, tail] = ['{"input":{"blob":"', '"}}'];
	const body = Buffer.from(head + 'x'.repeat(bytes - head.length - tail.length) + tail);
	return new Promise((resolve, reject) => {
		const headers = { authorization: client.key, 'content-type': 'application/json', ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }) };
		const sending = request(`${edge.url}/v2/${client.endpointId}/${verb}`, { method: 'POST', headers }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (part: string) => {
				text += part;
			});
			response.on('end', () => {
				resolve({ status: response.statusCode ?? 0, text });
				sending.destroy();
			});
		});
		sending.on('error', reject);
		for (let at = 0; at < sent; at += 1 << 18) sending.write(body.subarray(at, Math.min(sent, at + (1 << 18))));
		if (sent === bytes) sending.end();
	});
}

describe.each([
	['run', RUN_BODY_BYTES_MAX],
	['runsync?wait=1000', RUNSYNC_BODY_BYTES_MAX],
])('%s', (verb, bytesMax) => {
	test.each([false, true])('takes a body of exactly its bound (chunked: %s), and the payload arrives whole', { timeout: 60_000 }, async (chunked) => {
		const { status, text } = await post(verb, bytesMax, chunked);
		expect(status).toBe(200);
		const { id } = JSON.parse(text) as { id: string };
		const job = await region.dispatched.next((candidate) => candidate.id === id, 'dispatch');
		expect((await (await region.payload(job)).bytes()).length).toBe(bytesMax + `"id":"${id}",`.length);
		await region.tell(job, 'result');
	});

	test.each([
		['by its Content-Length, before it has come', false, 1_000],
		['in chunks, as soon as it is too long', true, bytesMax + 1],
	])('refuses one byte more %s, and names the bound', async (_how, chunked, sent) => {
		const { status, text } = await post(verb, bytesMax + (chunked ? 2 : 1), chunked, sent);
		expect(status).toBe(413);
		expect(JSON.parse(text)).toEqual({ error: expect.stringContaining(`${bytesMax} bytes`) as string });
	});
});

describe('a call that is refused before its body is read', () => {
	const body = `{"input":{"blob":"${'x'.repeat(8_000_000)}"}}`;
	test.each<[string, number, string, string | null]>([
		['a wrong key', 401, 'run', 'no-key'],
		['a route that is not there', 404, 'nothing', null],
		['an endpoint that is not there', 404, '../aaaaaaaaaaaaaa/run', null],
	])('for %s is answered though the client is still sending, again and again on its connections', async (_what, status, verb, key) => {
		for (let n = 0; n < 6; n++) {
			const response = await fetch(`${edge.url}/v2/${client.endpointId}/${verb}`, { method: 'POST', headers: { authorization: key ?? client.key }, body });
			expect(response.status).toBe(status);
			expect(await response.json()).toEqual({ error: expect.any(String) });
		}
	});
});
