/** Large texts between edge and region: payloads by pointer, outputs ahead of their results. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INLINE_PAYLOAD_BYTES_MAX, OUTPUT_BYTES_MAX } from '../../../../shared-schema/src/limits.ts';
import { type Client, deploy } from '../../support/client.ts';
import { type Region, startRegion } from '../../support/region-stand-in.ts';
import { type Edge, startEdge } from '../../support/start-edge.ts';

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

const text = (bytes: number): string =>
	randomBytes(Math.ceil(bytes / 2))
		.toString('hex')
		.slice(0, bytes);
const bodyOf = (bytes: number): string => `{"input":{"blob":"${text(bytes)}"}}`;
const json = (bytes: number): Buffer => Buffer.from(`"${text(bytes - 2)}"`);

describe('a payload', () => {
	test('travels inline up to its bound and by pointer above it, byte for byte both ways', async () => {
		for (const size of [10, 16_000, 17_000, INLINE_PAYLOAD_BYTES_MAX - 200, INLINE_PAYLOAD_BYTES_MAX + 1, 3_000_000]) {
			const body = bodyOf(size);
			const job = await client.runAt(region, body);
			const expected = `{"id":"${job.id}",${body.slice(1)}`;
			expect([size, job.inline, job.payloadBytes]).toEqual([size, expected.length <= INLINE_PAYLOAD_BYTES_MAX, expected.length]);
			if (job.inline) expect(job.payload === expected).toBe(true);
			const fetched = await region.payload(job);
			expect(fetched.status).toBe(200);
			expect((await fetched.text()) === expected).toBe(true);
			await region.tell(job, 'result');
		}
	});

	test('outside ASCII has its size in bytes', async () => {
		const input = `{"blob":"${'é🙂'.repeat(12_000)}"}`;
		const job = await client.runAt(region, `{"input":${input}}`);
		expect(job).toMatchObject({ inline: false, payloadBytes: Buffer.byteLength(`{"id":"${job.id}","input":${input}}`) });
		expect((await (await region.payload(job)).text()) === `{"id":"${job.id}","input":${input}}`).toBe(true);
		await region.tell(job, 'result');
	});

	test('is there for the current attempt only', async () => {
		const first = await client.runAt(region, bodyOf(100_000));
		expect((await region.payload({ ...first, token: `${client.endpointId}.AAAAAAAAAAAAAAAAAAAAAA` })).status).toBe(404);
		expect((await region.payload({ ...first, epoch: 2 })).status).toBe(404);
		expect((await region.payload({ ...first, token: '' })).status).toBe(404);
		await region.tell(first, 'lost');
		expect((await region.payload(first)).status).toBe(404);
		const second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
		expect((await region.payload(second)).status).toBe(200);
		await region.tell(second, 'result');
		expect((await region.payload(second)).status).toBe(404);
	});
});

describe('an output', () => {
	test.each([20_000, 900_000, 9_000_000, OUTPUT_BYTES_MAX])('of %i bytes comes back as it was', { timeout: 60_000 }, async (size) => {
		const job = await client.runAt(region);
		const output = json(size);
		expect(await region.upload(job, output)).toBe(204);
		expect(await region.tell(job, 'result', { uploadedBytes: size })).toBe('accepted');
		const shown = await client.status(job.id);
		const start = shown.text.indexOf('"output":') + '"output":'.length;
		expect(shown.text.slice(start, start + size) === output.toString()).toBe(true);
		expect(shown.body).toMatchObject({ status: 'COMPLETED', executionTime: 5 });
	});

	test('that was announced and did not come, or not whole, is asked for again', async () => {
		const job = await client.runAt(region);
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('upload');
		await region.upload(job, json(299_999));
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('upload');
		expect((await client.status(job.id)).body['status']).toBe('IN_QUEUE');
		await region.upload(job, json(300_000));
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('accepted');
		expect(((await client.status(job.id)).body['output'] as string).length).toBe(299_998);
	});

	test('sent twice is there once', async () => {
		const job = await client.runAt(region);
		await region.upload(job, json(9_000_000));
		const output = json(9_000_000);
		await region.upload(job, output);
		expect(await region.tell(job, 'result', { uploadedBytes: 9_000_000 })).toBe('accepted');
		expect((await client.status(job.id)).text.includes(output.toString())).toBe(true);
	});

	test('that is not yet reported is shown nowhere, not even in place of large progress', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'progress', { text: json(40_000) });
		await region.upload(job, json(300_000));
		const running = (await client.status(job.id)).body;
		expect([running['status'], running['output']]).toEqual(['IN_PROGRESS', undefined]);
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('accepted');
		expect(((await client.status(job.id)).body['output'] as string).length).toBe(299_998);
	});

	test('is asked for again when late progress took its place', async () => {
		const job = await client.runAt(region);
		await region.upload(job, json(300_000));
		await region.tell(job, 'progress', { text: json(40_000) });
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('upload');
		await region.upload(job, json(300_000));
		expect(await region.tell(job, 'result', { uploadedBytes: 300_000 })).toBe('accepted');
		expect(((await client.status(job.id)).body['output'] as string).length).toBe(299_998);
	});

	test('of an attempt that is over is refused', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'started');
		await client.cancel(job.id);
		expect(await region.upload(job, json(100))).toBe(404);
	});

	test('above the bound is refused before anything is stored', async () => {
		const job = await client.runAt(region);
		expect(await region.upload(job, Buffer.alloc(OUTPUT_BYTES_MAX + 1, 0x20)).catch(() => 413)).toBe(413);
		await region.tell(job, 'result');
	});

	test('small, after large progress, is the only thing shown', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'progress', { text: json(40_000) });
		await region.tell(job, 'result', { text: '"small"' });
		expect((await client.status(job.id)).body['output']).toBe('small');
	});
});
