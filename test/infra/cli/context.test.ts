import { readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from '../../edge/support/start-edge.ts';
import { type Cli, createCli } from './support/run-cli.ts';

let edge: Edge;
let key: string;
let cli: Cli;
beforeAll(async () => {
	edge = await startEdge();
	key = await edge.createAccount();
});
afterAll(() => edge.stop());
beforeEach(() => {
	cli = createCli();
});
afterEach(() => cli.remove());

describe('contexts', () => {
	it('say what to type when there is none', async () => {
		// The checkout's own stack, where one was started, is a context: then there is one.
		const run = await cli.run(['endpoint', 'list'], { env: { LONGSHORE_CONTEXT: 'prod' } });
		expect(run.code).toBe(2);
		expect(run.stderr).toContain('longshore context list');
	});

	it('are added, chosen and forgotten; the key comes from a pipe and only its owner can read it', async () => {
		expect(await cli.run(['context', 'add', 'prod', '--url', `${edge.url}/v2/`])).toMatchObject({ code: 0 });
		const refused = await cli.run(['login'], { input: 'lsk_wrong\n' });
		expect(refused.code).toBe(1);
		expect(readFileSync(cli.configFile, 'utf8')).not.toContain('lsk_wrong');

		const login = await cli.run(['login'], { input: `${key}\n` });
		expect(login).toMatchObject({ code: 0, stdout: '' });
		expect(login.stderr).not.toContain(key);
		expect(statSync(cli.configFile).mode & 0o777).toBe(0o600);
		expect((await cli.run(['endpoint', 'list', '--json'])).json).toEqual({ endpoints: [] });

		const show = await cli.run(['context', 'show', '--json']);
		expect(show.json).toMatchObject({ name: 'prod', url: edge.url });
		expect(show.stdout).not.toContain(key);
		expect((await cli.run(['context', 'list'])).stdout).not.toContain(key);

		await cli.run(['context', 'remove', 'prod']);
		expect(readFileSync(cli.configFile, 'utf8')).not.toContain(key);
	});

	it('never send the key of one installation to the URL of another', async () => {
		await cli.run(['context', 'add', 'prod', '--url', edge.url]);
		await cli.run(['login'], { input: key });
		const other = await cli.run(['endpoint', 'list'], { env: { LONGSHORE_URL: edge.url } });
		expect(other.code).toBe(1);
		expect(other.stderr).toContain('no API key');
		await cli.run(['context', 'add', 'prod', '--url', 'http://127.0.0.1:4']);
		expect(readFileSync(cli.configFile, 'utf8')).not.toContain(key);
	});

	it('are chosen by flag before environment before configuration', async () => {
		for (const name of ['one', 'two', 'three']) await cli.run(['context', 'add', name, '--url', `http://127.0.0.1:1/${name}`]);
		await cli.run(['context', 'use', 'one']);
		const nameOf = async (args: string[], env: Record<string, string> = {}): Promise<unknown> => (await cli.run(['context', 'show', '--json', ...args], { env })).json['name'];
		expect(await nameOf([])).toBe('one');
		expect(await nameOf([], { LONGSHORE_CONTEXT: 'two' })).toBe('two');
		expect(await nameOf(['--context', 'three'], { LONGSHORE_CONTEXT: 'two' })).toBe('three');
		expect((await cli.run(['context', 'use', 'onee'])).stderr).toContain('did you mean one');
	});

	it('take RUNPOD_API_KEY only when no other key is there', async () => {
		await cli.run(['context', 'add', 'prod', '--url', edge.url]);
		expect((await cli.run(['endpoint', 'list'], { env: { RUNPOD_API_KEY: key } })).code).toBe(0);
		await cli.run(['login'], { input: key });
		expect((await cli.run(['endpoint', 'list'], { env: { RUNPOD_API_KEY: 'rpa_of_another_service' } })).code).toBe(0);
	});

	it('show a server that does not answer as such', async () => {
		const run = await cli.run(['endpoint', 'list'], { env: { LONGSHORE_URL: 'http://127.0.0.1:4', LONGSHORE_API_KEY: 'x' } });
		expect(run.code).toBe(1);
		expect(run.stderr).toContain('cannot be reached: nobody listens there');
		expect((await cli.run(['doctor'], { env: { LONGSHORE_URL: 'http://127.0.0.1:4' } })).code).toBe(1);
	});
});
