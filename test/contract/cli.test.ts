import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../infra/cli/support/run-cli.ts';
import { shellCommand } from '../support/deploy.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

/** The example worker that needs nothing but Node. */
const WORKER = resolve(import.meta.dirname, '../../examples/text-stats');
const COMMAND = shellCommand(process.execPath, 'handler.ts');

let stack: Stack;
let operator: Cli;
let user: Cli;
beforeAll(async () => {
	stack = await startStack();
	operator = createCli({ LONGSHORE_HOME: stack.home });
	user = createCli();
});
afterAll(async () => {
	operator.remove();
	user.remove();
	await stack.stop();
});

const ok = async (cli: Cli, args: readonly string[], more?: Parameters<Cli['run']>[1]) => {
	const run = await cli.run(args, more);
	expect(run.code, `${args.join(' ')}\n${run.stdout}\n${run.stderr}`).toBe(0);
	return run;
};

describe('with the command line alone', () => {
	it('an operator makes an account, and its user a key, a template, an endpoint and a job', async () => {
		const account = await ok(operator, ['account', 'create', 'team-a']);
		const firstKey = account.stdout.trim();
		expect(firstKey).toMatch(/^lsk_/);
		expect(account.stderr).not.toContain(firstKey);

		await ok(user, ['context', 'add', 'here', '--url', stack.url]);
		await ok(user, ['login'], { input: firstKey });
		const runKey = (await ok(user, ['key', 'create', 'runner', '--can', 'read,run', '--expires', '1h'])).stdout.trim();
		await ok(user, ['secret', 'set', 'MODE'], { input: 'careful\n' });
		await ok(user, ['template', 'create', 'base', '--directory', WORKER, '--args', COMMAND, '--env', 'MODE={{ secret.MODE }}']);
		await ok(user, ['endpoint', 'create', 'stats', '--template', 'base', '--pool', 'ADA_24', '--max', '1', '--idle-timeout', '10m']);

		const job = await ok(user, ['runsync', 'stats', 'text=hello there', '--json'], { env: { LONGSHORE_API_KEY: runKey } });
		expect(job.json).toMatchObject({ status: 'COMPLETED', output: { words: 2 } });
		const id = (await ok(user, ['run', 'stats', '{"text":"one two three"}'])).stdout.trim();
		const done = await ok(user, ['status', 'stats', id, '--wait', '30s', '--json']);
		expect(done.json).toMatchObject({ id, status: 'COMPLETED', output: { words: 3 } });
		expect((await ok(user, ['requests', 'stats', '--json'])).json['requests']).toHaveLength(2);

		const refused = await user.run(['endpoint', 'update', 'stats', '--max', '2'], { env: { LONGSHORE_API_KEY: runKey } });
		expect(refused.code).toBe(1);
		expect(refused.stderr).toContain('manage');
		await ok(user, ['key', 'delete', 'runner', '--yes']);
		await until(async () => (await user.run(['health', 'stats'], { env: { LONGSHORE_API_KEY: runKey } })).code === 1, { what: 'the revoked key opens nothing', timeoutMs: 15_000 });
		expect((await user.run(['template', 'get', 'base', '--json'])).stdout).not.toContain('careful');
	});

	it('a failed job ends the command with 1 and its error, and can be run again', async () => {
		const failed = await user.run(['runsync', 'stats', 'text=']);
		expect(failed).toMatchObject({ code: 1, stdout: '' });
		expect(failed.stderr).toContain('FAILED');
		expect(failed.stderr).toContain('longshore retry stats');
		expect((await user.run(['status', 'stats', 'nonsense'])).code).toBe(1);
	});

	it('what the jobs took is booked, with its price, and advice rests on it', async () => {
		const bill = await until(
			async () => {
				const { billing } = (await ok(user, ['cost', 'stats', '--json'])).json as { billing: { runningMs: number; amount: number }[] };
				return (billing[0]?.runningMs ?? 0) > 0 ? billing : undefined;
			},
			{ what: 'the worker time of the jobs is booked', timeoutMs: 30_000 },
		);
		expect(bill).toHaveLength(1);
		expect(bill[0]?.amount).toBeGreaterThan(0);
		const table = (await ok(user, ['cost', '--by', 'hour'])).stdout;
		expect(table).toMatch(/^HOUR \(UTC\) +ENDPOINT +/);
		expect(table).toContain('  stats  ');
		expect((await ok(user, ['advise', 'stats', '--json'])).json).toMatchObject({ load: { measured: true }, prices: { gpuPool: 'ADA_24' }, recommended: 'flex' });
	});

	it('a project deploys its file with volumes, and a second time changes nothing', async () => {
		const file = {
			volumes: { data: { size: 10, dataCenter: 'EU-RO-1' } },
			endpoints: { web: { template: 'base', gpu: { pools: ['ADA_24'] }, workers: { max: 1 }, dataCenterIds: ['EU-RO-1'], networkVolumes: ['data'] } },
		};
		writeFileSync(join(user.dir, 'longshore.json'), JSON.stringify(file));
		await ok(user, ['deploy', '--yes']);
		expect((await ok(user, ['deploy', '--yes', '--json'])).json).toMatchObject({ summary: { create: 0, update: 0, keep: 2 } });
		const { networkVolumes } = (await ok(user, ['endpoint', 'get', 'web', '--json'])).json;
		const volume = (await ok(user, ['volume', 'get', 'data', '--json'])).json;
		expect(networkVolumes).toEqual([volume['id']]);
	});

	it('the doctor finds a whole local stack in order', async () => {
		const { checks, failed } = (await ok(operator, ['doctor', '--json'])).json as { checks: { name: string; result: string }[]; failed: number };
		expect(failed).toBe(0);
		const results = Object.fromEntries(checks.map(({ name, result }) => [name, result]));
		expect(results).toMatchObject({ Edge: 'ok', 'API key': 'ok', Operator: 'ok', 'Region eu-1': 'ok', 'Region us-1': 'ok', 'Broker eu-1': 'ok' });
		expect(['ok', 'warn']).toContain(results['NATS eu-1']);
	});

	it('an operator drains a host for maintenance: its jobs wait and say why, then run when it is back', async () => {
		await ok(user, ['endpoint', 'delete', 'stats', '--yes']);
		const drained = await ok(operator, ['host', 'drain', 'eu-ro-1-a', '--timeout', '1m', '--json']);
		expect(drained.json).toMatchObject({ id: 'eu-ro-1-a', duty: 'drained', workers: 0 });
		const { hosts } = (await ok(operator, ['host', 'list', '--json'])).json as { hosts: { id: string; draining: boolean }[] };
		expect(hosts.filter(({ draining }) => draining).map(({ id }) => id)).toEqual(['eu-ro-1-a']);

		const id = (await ok(user, ['run', 'web', 'text=hello'])).stdout.trim();
		const why = await until(
			async () => {
				const job = (await user.run(['status', 'web', id, '--json'])).json as { status: string; why?: { text: string } };
				expect(job.status).toBe('IN_QUEUE');
				return job.why?.text.includes('drain') === true ? job.why.text : undefined;
			},
			{ what: 'the job says that it waits for a draining host', timeoutMs: 20_000 },
		);
		expect((await user.run(['endpoint', 'explain', 'web', '--json'])).json).toMatchObject({
			waiting: [{ id, why: { text: why } }],
			obstacles: expect.arrayContaining([expect.objectContaining({ constraint: 'draining' })]),
		});
		const shown = (await ok(user, ['endpoint', 'explain', 'web'])).stdout.replaceAll(/\s+/g, ' ');
		expect(shown).toContain('Waits 1st in line; no host may run this endpoint now: eu-ro-1-a is drained or cordoned');
		expect(shown).toMatch(/ edge .* grants [^:]*: .*eu-ro-1-a is drained or cordoned/);

		await ok(operator, ['host', 'undrain', 'eu-ro-1-a']);
		expect((await ok(user, ['status', 'web', id, '--wait', '1m', '--json'])).json).toMatchObject({ status: 'COMPLETED' });
	});
});
