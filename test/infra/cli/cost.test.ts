/** What endpoints cost and what pays, from a real edge that a region has told of workers' times. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';
import type { WorkerUsage } from '../../../shared-schema/src/wire/usage.ts';
import { type Client, deploy } from '../../edge/support/client.ts';
import { type Region, startRegion } from '../../edge/support/region-stand-in.ts';
import { type Edge, startEdge } from '../../edge/support/start-edge.ts';
import { type Cli, createCli } from './support/run-cli.ts';

let edge: Edge;
let region: Region;
let embed: Client;
let cli: Cli;
beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 600_000 });
	region = await startRegion(edge, 'eu-1');
	embed = await deploy(edge, [region], { name: 'embed' });
	const chat = await deploy(edge, [region], { name: 'chat' }, embed.key);
	await tell(embed, 'NVIDIA GeForce RTX 4090', { id: 'w1', startingMs: 2_000, runningMs: 50_000, idleMs: 8_000 });
	await tell(chat, 'NVIDIA GeForce RTX 4090', { id: 'w2', runningMs: 30_000 });
	await tell(chat, 'NVIDIA A40', { id: 'w3', runningMs: 10_000 });
	cli = createCli({ LONGSHORE_URL: edge.url, LONGSHORE_API_KEY: embed.key });
});
afterAll(async () => {
	cli?.remove();
	await region?.close();
	await edge?.stop();
});

async function tell(client: Client, gpuType: string, worker: Partial<WorkerUsage>): Promise<void> {
	const workers = [{ endpointId: client.endpointId, version: 1, gpus: 1, startingMs: 0, runningMs: 0, idleMs: 0, ended: true, ...worker }];
	const { status } = await region.send('POST', EDGE_PATHS.usage, new TextEncoder().encode(JSON.stringify({ hostId: 'h1', dataCenterId: 'EU-RO-1', gpuType, workers })));
	expect(status).toBe(200);
}

/** A table's cells, without its bars. */
const cells = (stdout: string): string[][] =>
	stdout
		.trimEnd()
		.split('\n')
		.map((line) =>
			line
				.trim()
				.split(/ {2,}/)
				.filter((cell) => !/^[█-▏]+$/.test(cell)),
		);

describe('longshore cost', () => {
	it('shows a line for each endpoint and their sum', async () => {
		const { code, stdout, stderr } = await cli.run(['cost', '--by', 'year']);
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		const [head, ...lines] = cells(stdout);
		expect(head).toEqual(['YEAR', 'ENDPOINT', 'STARTING', 'RUNNING', 'IDLE', 'COST', 'SHARE']);
		const year = String(new Date().getUTCFullYear());
		const byName = new Map(lines.map((line) => [line.find((cell) => /^(embed|chat|all)$/.test(cell)), line]));
		expect(byName.get('embed')).toEqual([year, 'embed', '2.0 s', '50 s', '8.0 s', '$0.0186']);
		expect(byName.get('chat')).toEqual([year, 'chat', '-', '40 s', '-', '$0.0127']);
		expect(byName.get('all')).toEqual(['all', '2.0 s', '1 min 30 s', '8.0 s', '$0.0313']);
		expect(lines.at(-1)?.[0]).toBe('all');
	});

	it('draws the dearest line longest', async () => {
		const bars = (await cli.run(['cost', '--by', 'month', '--group', 'worker'])).stdout.match(/[█-▏]+$/gm) ?? [];
		expect(bars.map((bar) => bar.length).sort((a, b) => b - a)).toEqual([16, 8, 3]);
	});

	it('counts one endpoint, one GPU type, one time', async () => {
		expect((await cli.run(['cost', 'chat', '--group', 'gpu'])).stdout).not.toContain('1 min');
		expect(cells((await cli.run(['cost', '--gpu', 'NVIDIA A40', '--group', 'gpu'])).stdout)).toHaveLength(2);
		const before = await cli.run(['cost', '--since', '2020-01-01', '--until', '2020-02-01', '-o', 'table']);
		expect(before).toMatchObject({ code: 0, stdout: '' });
		expect(before.stderr).toContain('no worker time is booked');
	});

	it("gives programs the API's own answer", async () => {
		const { json } = await cli.run(['cost', 'embed', '--json', '--group', 'worker', '--by', 'hour', '--since', '2d']);
		const { billing } = (await edge.call('GET', `/v2/billing/serverless?grouping=podId&bucketSize=hour&endpointId=${embed.endpointId}`, undefined, embed.key)).body;
		expect(json).toEqual({ billing });
		expect(billing).toHaveLength(1);
	});

	it('shows single jobs as long as they are kept, newest first, or one', async () => {
		const job = await embed.runAt(region);
		expect(await region.tell(job, 'started', { workerId: 'w1' })).toBe('accepted');
		expect(await region.tell(job, 'result', { workerId: 'w1', executionMs: 50_000, text: '1' })).toBe('accepted');
		const { code, stdout, stderr } = await cli.run(['cost', 'embed', '--jobs']);
		expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
		expect(cells(stdout)).toEqual([
			['JOB', 'STATUS', 'GPU TYPE', 'STARTING', 'RUNNING', 'IDLE', 'COST'],
			[job.id, 'COMPLETED', 'NVIDIA GeForce RTX 4090', '2.0 s', '50 s', '8.0 s', '$0.0186'],
		]);
		expect((await cli.run(['cost', 'embed', job.id, '--json'])).json).toMatchObject({ id: job.id, amount: expect.closeTo(0.0186, 6), final: true });
		expect((await cli.run(['cost', 'chat', '--jobs'])).stderr).toContain('no job is kept');
	});

	it('refuses what is written wrongly and names the nearest', async () => {
		const cases: [string[], number, string][] = [
			[['cost', '--jobs'], 2, 'needs an endpoint'],
			[['cost', 'embed', '--jobs', '--since', '2d'], 2, '--since does not go with single jobs'],
			[['cost', 'embde'], 1, 'did you mean embed'],
			[['cost', '--by', 'dya'], 2, 'did you mean day'],
			[['cost', '--group', 'workers'], 2, 'did you mean worker'],
			[['cost', '--since', '2026-13-01'], 2, '--since'],
			[['cost', '--since', 'soon'], 2, '--since'],
			[['cost', '--since', '1h', '--until', '2h'], 1, 'startTime must be before endTime'],
		];
		for (const [args, code, text] of cases) {
			const run = await cli.run(args);
			expect(run, args.join(' ')).toMatchObject({ code, stdout: '' });
			expect(run.stderr, args.join(' ')).toContain(text);
		}
	});
});

describe('longshore advise', () => {
	it('compares flex, active and dedicated for a load that is typed in', async () => {
		const { code, stdout, stderr } = await cli.run(['advise', '--utilisation', '0.4', '--pool', 'ada-80-pro', '--dedicated-per-hour', '2']);
		expect(code).toBe(0);
		expect(stdout).toMatch(/^Load +one GPU 40 % busy, 288\.0 GPU-hours a month \(as given\)$/m);
		expect(stdout).toMatch(/^Advice +flex workers: --min 0 --max 2$/m);
		const rows = cells(stdout);
		expect(rows).toContainEqual(['flex', '$1,202.69']);
		expect(rows).toContainEqual(['active', '$2,410.56', '80 % busy']);
		expect(rows).toContainEqual(['dedicated × 1', '$1,440.00', '48 % busy']);
		expect(rows).toContainEqual(['AMPERE_80', '80', '$787.97']);
		expect(stderr).toContain('720 hours');
	});

	it('takes the load that was measured of an endpoint, and says what to type', async () => {
		const { code, stdout, stderr } = await cli.run(['advise', 'embed']);
		expect(code).toBe(0);
		expect(stdout).toMatch(/^Load +one GPU 1\.4 % busy, 10\.0 GPU-hours a month \(measured over 1 hour\); starting and idle add 20 % on flex workers$/m);
		expect(stdout).toContain('(ADA_24)');
		expect(stderr).toContain('longshore advise embed --dedicated-per-hour');
	});

	it("gives programs the API's own answer, at the caller's own prices too", async () => {
		const flags = ['--busy-hours', '700', '--flex-per-second', '0.001', '--active-per-second', '0.0005', '--memory', '80'];
		const { json } = await cli.run(['advise', ...flags, '--json']);
		const { body } = await edge.call('GET', '/v2/billing/advice?busyHoursPerMonth=700&flexPerSecond=0.001&activePerSecond=0.0005&memoryGb=80', undefined, embed.key);
		expect(json).toEqual(body);
		expect((await cli.run(['advise', ...flags])).stdout).toMatch(/^Advice +1 active worker, flex ones beyond: --min 1 --max 2$/m);
	});

	it('refuses what is written wrongly before anything is asked', async () => {
		const nowhere = { env: { LONGSHORE_URL: 'http://127.0.0.1:4' } };
		const cases: [string[], string][] = [
			[['advise'], 'no load is given'],
			[['advise', 'embed', '--utilisation', '0.4'], 'more than one load'],
			[['advise', '--utilisation', '0.4'], '--pool'],
			[['advise', '--utilisation', 'half', '--pool', 'ADA_24'], '--utilisation must be a number'],
			[['advise', '--busy-hours', '-3', '--pool', 'ADA_24'], '--busy-hours must be a number'],
			[['advise', '--utilisation', '0.4', '--pool', 'ADA_80_POR'], 'did you mean ADA_80_PRO'],
		];
		for (const [args, text] of cases) {
			const run = await cli.run(args, nowhere);
			expect(run, args.join(' ')).toMatchObject({ code: 2, stdout: '' });
			expect(run.stderr, args.join(' ')).toContain(text);
		}
	});

	it('says what is missing where an endpoint has run nothing or a tier has no price', async () => {
		await deploy(edge, [region], { name: 'fresh' }, embed.key);
		const fresh = await cli.run(['advise', 'fresh']);
		expect(fresh).toMatchObject({ code: 1, stdout: '' });
		expect(fresh.stderr).toContain('endpoint fresh: no job of it has run');
		expect(fresh.stderr).toContain('longshore advise --utilisation');
		expect((await cli.run(['advise', '--utilisation', '1', '--pool', 'ADA_32_PRO'])).stderr).toContain('no price');
	});
});
