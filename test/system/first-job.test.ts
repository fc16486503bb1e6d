/** What a newcomer sees: `npm start`, the printed curl line, Ctrl-C. And what is left when the supervisor itself is killed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ensureNatsServer } from '../../infra/local/nats-server.ts';
import { processesNaming } from '../support/processes.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack | undefined;

afterEach(async () => {
	await stack?.stop();
	stack = undefined;
}, 90_000);

/** Runs the `curl` line of the summary as a person would paste it. */
function runPrintedCurl(output: string): { status?: string; output?: Record<string, unknown> } {
	const line = /^curl .*$/m.exec(output)?.[0];
	if (line === undefined) throw new Error(`no curl line in:\n${output}`);
	return JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8', timeout: 60_000 })) as { status?: string; output?: Record<string, unknown> };
}

/** A path with Node, npm and what a shell needs, but no Python. */
function pathWithoutPython(): string {
	const folder = mkdtempSync(join(tmpdir(), 'path-'));
	for (const name of ['node', 'npm', 'sh', 'env', 'ps']) {
		const found = execFileSync('sh', ['-c', `command -v ${name} || true`], { encoding: 'utf8' }).trim();
		if (found !== '') symlinkSync(realpathSync(found), join(folder, name));
	}
	return folder;
}

describe('a newcomer', () => {
	test('gets a real answer from the line that npm start prints', async () => {
		stack = await startStack({ env: { LONGSHORE_EXAMPLE: 'auto' }, timeoutMs: 600_000 });
		const answer = runPrintedCurl(stack.stdout());
		expect(answer.status).toBe('COMPLETED');
		const [name] = Object.keys(stack.local().endpoints);
		if (name === 'embedding') expect(answer.output).toMatchObject({ model: 'all-MiniLM-L6-v2', dimensions: 384 });
		else expect(answer.output).toMatchObject({ words: 7, sentences: 1 });
	}, 700_000);

	test('without Python is told so in one line and gets the TypeScript example', async () => {
		stack = await startStack({ env: { LONGSHORE_EXAMPLE: 'auto', PATH: pathWithoutPython(), NATS_SERVER: await natsServerPath() } });
		expect(stack.stdout()).toMatch(/^The Python example is left out \(no Python 3\.10 or later found\); deploying the TypeScript one instead$/m);
		expect(Object.keys(stack.local().endpoints)).toEqual(['text-stats']);
		expect(runPrintedCurl(stack.stdout())).toMatchObject({ status: 'COMPLETED', output: { words: 7, sentences: 1 } });
	});

	test('finds every secret of the stack readable by its owner only', async () => {
		stack = await startStack({ env: { LONGSHORE_EXAMPLE: 'none' } });
		for (const file of ['secrets.json', 'local.json', 'deployed.json', 'nats/eu-1/nats.conf', 'edge/edge.capnp']) {
			expect([file, (statSync(join(stack.home, file)).mode & 0o077).toString(8)]).toEqual([file, '0']);
		}
		const { operatorToken } = JSON.parse(readFileSync(join(stack.home, 'secrets.json'), 'utf8')) as { operatorToken: string };
		expect(stack.stdout()).not.toContain(operatorToken);
		expect(readFileSync(join(stack.home, 'edge/edge.capnp'), 'utf8')).not.toContain(operatorToken);
	});
});

describe('a stack whose supervisor was killed', () => {
	const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-')));
	afterAll(() => rmSync(home, { recursive: true, force: true }));

	test('is cleared away by the next start in the same home, workers too', async () => {
		stack = await startStack({ home, env: { LONGSHORE_EXAMPLE: 'text-stats' } });
		const { port } = stack;
		expect(runPrintedCurl(stack.stdout()).status).toBe('COMPLETED');
		const before = processesNaming(home);
		expect(before.some((one) => one.command.includes('handler.ts'))).toBe(true);
		const { supervisor } = JSON.parse(readFileSync(join(home, 'processes.json'), 'utf8')) as { supervisor: { pid: number } };
		process.kill(supervisor.pid, 'SIGKILL');
		await until(() => processesNaming(home).every((one) => one.pid !== supervisor.pid), { what: 'supervisor gone', timeoutMs: 5_000 });

		stack = await startStack({ home, port, env: { LONGSHORE_EXAMPLE: 'text-stats' } });

		expect(stack.stdout()).toMatch(/Ending \d+ process\(es\) that an earlier stack in this home left behind/);
		const now = processesNaming(home);
		expect(before.filter((old) => now.some((one) => one.pid === old.pid && one.startTicks === old.startTicks))).toEqual([]);
		expect(runPrintedCurl(stack.stdout()).status).toBe('COMPLETED');
	});
});

async function natsServerPath(): Promise<string> {
	const { path } = await ensureNatsServer();
	return path.includes('/') ? path : realpathSync(execFileSync('sh', ['-c', `command -v ${path}`], { encoding: 'utf8' }).trim());
}
