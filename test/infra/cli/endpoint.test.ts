import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from '../../edge/support/start-edge.ts';
import { type Cli, createCli } from './support/run-cli.ts';

let edge: Edge;
let cli: Cli;
beforeAll(async () => {
	edge = await startEdge();
	cli = createCli({ LONGSHORE_URL: edge.url, LONGSHORE_API_KEY: await edge.createAccount() });
});
afterAll(async () => {
	cli.remove();
	await edge.stop();
});

const CREATE = ['endpoint', 'create', 'echo', '--image', 'example/worker:1', '--pool', 'ADA_24,AMPERE_80', '--max', '2'];

describe('longshore endpoint', () => {
	it('makes, shows, changes and deletes an endpoint by its name', async () => {
		const made = await cli.run([...CREATE, '--env', 'MODE=fast', '--json']);
		expect(made).toMatchObject({ code: 0 });
		expect(made.json).toMatchObject({ name: 'echo', image: 'example/worker:1', gpu: { pools: ['ADA_24', 'AMPERE_80'] }, workers: { max: 2 }, env: { MODE: 'fast' } });
		expect(made.stderr).toContain('longshore runsync echo');

		const changed = await cli.run(['endpoint', 'update', 'echo', '--max', '4', '--idle-timeout', '1m', '--env', 'MORE=1', '--fallback-order', 'region', '--json']);
		expect(changed.json).toMatchObject({
			workers: { max: 4, idleTimeout: 60 },
			fallbackOrder: 'region',
			env: { MODE: 'fast', MORE: '1' },
			gpu: { pools: ['ADA_24', 'AMPERE_80'] },
		});

		const table = await cli.run(['endpoint', 'list']);
		expect(table.stdout).toMatch(/^NAME +ID +TYPE/);
		expect(table.stdout).toContain('0–4');
		const yaml = await cli.run(['endpoint', 'get', 'echo', '-o', 'yaml']);
		expect(yaml.stdout).toContain('\nworkers:\n  min: 0\n  max: 4\n');

		const gone = await cli.run(['endpoint', 'delete', 'echo', '--yes']);
		expect(gone).toMatchObject({ code: 0, stdout: '' });
		expect((await cli.run(['endpoint', 'list', '--json'])).json).toEqual({ endpoints: [] });
	});

	it('turns anticipation on, keeps what is not named, and turns it off', async () => {
		await cli.run(['endpoint', 'create', 'burst', '--image', 'example/worker:1', '--pool', 'ADA_24', '--queue-delay', '2s', '--anticipate', '0.4']);
		const scaling = async (...flags: string[]) => (await cli.run(['endpoint', 'update', 'burst', ...flags, '--json'])).json?.['scaling'];
		expect(await scaling('--spare-workers', '2')).toEqual({ type: 'QUEUE_DELAY', queueDelay: 2, anticipate: { patience: 0.4, spareWorkers: 2 } });
		expect(await scaling('--queue-delay', '3s')).toEqual({ type: 'QUEUE_DELAY', queueDelay: 3, anticipate: { patience: 0.4, spareWorkers: 2 } });
		expect((await cli.run(['endpoint', 'get', 'burst'])).stdout).toMatch(/patience 0\.4, 2 spare/);
		expect(await scaling('--no-anticipate')).toEqual({ type: 'QUEUE_DELAY', queueDelay: 3 });
		expect(await scaling('--anticipate')).toEqual({ type: 'QUEUE_DELAY', queueDelay: 3, anticipate: { patience: 1, spareWorkers: 0 } });
		for (const [flags, text] of [
			[['--anticipate', '2'], '--anticipate must be a number from 0 to 1'],
			[['--spare-workers', '-1'], '--spare-workers must be a whole number from 0 to 100'],
			[['--anticipate', '--request-count', '3'], '--request-count cannot be given with'],
		] as const)
			expect((await cli.run(['endpoint', 'update', 'burst', ...flags])).stderr).toContain(text);
		await cli.run(['endpoint', 'delete', 'burst', '--yes']);
	});

	it('sends nothing in a dry run', async () => {
		const run = await cli.run([...CREATE, '--dry-run', '--json']);
		expect(run.json).toMatchObject({ call: 'POST /v2/serverless', body: { name: 'echo', type: 'QUEUE' } });
		expect((await cli.run(['endpoint', 'list', '--json'])).json).toEqual({ endpoints: [] });
	});

	it('deletes nothing when nobody can be asked', async () => {
		await cli.run(CREATE);
		const run = await cli.run(['endpoint', 'delete', 'echo']);
		expect(run.code).toBe(2);
		expect(run.stderr).toContain('--yes');
		expect((await cli.run(['endpoint', 'get', 'echo', '--json'])).json).toMatchObject({ name: 'echo' });
	});

	it('names the nearest endpoint, pool, command and flag', async () => {
		const cases: [string[], number, string][] = [
			[['endpoint', 'get', 'ecko'], 1, 'did you mean echo'],
			[['endpoint', 'create', 'x', '--image', 'a', '--pool', 'ADA25'], 2, 'did you mean ADA_24'],
			[['endpoint', 'update', 'x', '--fallback-order', 'teir'], 2, 'did you mean tier'],
			[['endpoint', 'crate', 'x'], 2, 'did you mean create'],
			[['endpoint', 'list', '--jsn'], 2, 'did you mean --json'],
		];
		for (const [args, code, text] of cases) {
			const run = await cli.run(args);
			expect(run, args.join(' ')).toMatchObject({ code, stdout: '' });
			expect(run.stderr, args.join(' ')).toContain(text);
		}
	});

	it("shows the API's own words about what is wrong, and no stack", async () => {
		const run = await cli.run(['endpoint', 'create', 'bad', '--image', 'a', '--pool', 'ADA_24', '--min', '5', '--max', '2']);
		expect(run).toMatchObject({ code: 1, stdout: '' });
		expect(run.stderr).toContain('workers.min: 5 must not exceed workers.max (2): lower min or raise max');
		expect(run.stderr).not.toMatch(/\n\s+at /);
	});

	it('refuses what is written wrongly before anything is sent', async () => {
		for (const args of [
			['endpoint', 'create', 'x', '--image', 'a'],
			['endpoint', 'create', 'x', '--image', 'a', '--cpu', '--gpu-count', '1'],
			['endpoint', 'create', 'x', '--image', 'a', '--cpu', '--timeout', 'soon'],
			['endpoint', 'create', 'x', '--image', 'a', '--cpu', '--env', 'NOVALUE'],
			['endpoint', 'update', 'echo'],
			['runsync', 'echo', '{"text":'],
		]) {
			expect((await cli.run(args)).code, args.join(' ')).toBe(2);
		}
	});

	it('runs on the Node of the project, in the directory of its caller', async () => {
		const { spawnSync } = await import('node:child_process');
		const { resolve } = await import('node:path');
		const launcher = resolve(import.meta.dirname, '../../../infra/cli/longshore.mjs');
		const run = spawnSync(launcher, ['doctor', '--json'], { cwd: cli.dir, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: cli.dir, LONGSHORE_URL: edge.url } });
		const { checks } = JSON.parse(run.stdout) as { checks: { name: string; result: string }[] };
		expect(checks.find(({ name }) => name === 'Node')?.result).toBe('ok');
		expect(checks.find(({ name }) => name === 'Edge')?.result).toBe('ok');
		expect(checks.find(({ name }) => name === 'API key')?.result).toBe('warn');
	});
});
