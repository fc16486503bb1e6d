import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complete } from '../../../infra/cli/completion/complete.ts';
import { COMPLETION_SCRIPTS } from '../../../infra/cli/completion/scripts.ts';
import { createProgram } from '../../../infra/cli/program.ts';
import { type Cli, createCli } from './support/run-cli.ts';

let cli: Cli;
let bin: string;
beforeAll(() => {
	cli = createCli();
	bin = mkdtempSync(join(tmpdir(), 'longshore-bin-'));
	symlinkSync(resolve(import.meta.dirname, '../../../infra/cli/longshore.mjs'), join(bin, 'longshore'));
});
afterAll(() => {
	cli.remove();
	rmSync(bin, { recursive: true, force: true });
});

const has = (shell: string): boolean => spawnSync(shell, ['--version']).error === undefined;
const shellEnvironment = (): Record<string, string> => ({ PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: cli.dir, XDG_CONFIG_HOME: cli.dir });
const candidates = async (...words: string[]): Promise<string[]> =>
	(await complete(createProgram(), words, async (what) => [{ word: `a-${what}`, about: '' }])).map(({ word }) => word);

describe('completion', () => {
	it('knows commands, subcommands, flags and their values', async () => {
		expect(await candidates('end')).toEqual(['endpoint']);
		expect(await candidates('endpoint', 'up')).toEqual(['update']);
		expect(await candidates('endpoint', 'create', 'x', '--queue')).toEqual(['--queue-delay']);
		expect(await candidates('endpoint', 'list', '-o', 'y')).toEqual(['yaml']);
		expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish']);
		expect(await candidates('__')).toEqual([]);
	});

	it('asks for the names that only the installation knows', async () => {
		expect(await candidates('endpoint', 'get', '')).toEqual(['a-endpoint']);
		expect(await candidates('--context', '')).toEqual(['a---context']);
		expect(await candidates('--context', 'x', 'host', 'drain', 'a')).toEqual(['a-host']);
		expect(await candidates('endpoint', 'get', 'one', '')).toEqual([]);
	});

	it('knows contexts and pools by itself', async () => {
		await cli.run(['context', 'add', 'production', '--url', 'http://127.0.0.1:4']);
		expect((await cli.run(['__complete', '--', 'context', 'use', 'prod'])).stdout).toBe('production\thttp://127.0.0.1:4\n');
		expect((await cli.run(['__complete', '--', 'endpoint', 'create', 'x', '--pool', 'AMPERE_8'])).stdout).toBe('AMPERE_80\t80 GB\n');
	});

	it('says nothing when the installation does not answer', async () => {
		const run = await cli.run(['__complete', '--', 'endpoint', 'get', ''], { env: { LONGSHORE_URL: 'http://127.0.0.1:4', LONGSHORE_API_KEY: 'x' } });
		expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
	});

	it('loads in bash and fills the word in', () => {
		const script = `${COMPLETION_SCRIPTS.bash}
COMP_WORDS=(longshore endpoint de); COMP_CWORD=2; COMPREPLY=()
_longshore; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p longshore`;
		const run = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: shellEnvironment() });
		expect(run).toMatchObject({ status: 0, stderr: '' });
		expect(run.stdout).toBe('delete\ncomplete -F _longshore longshore\n');
	});

	it.skipIf(!has('zsh'))('loads in zsh and offers the word with what it means', () => {
		// `_describe` belongs to the line editor; what it is given is what the person would see.
		const script = `autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
${COMPLETION_SCRIPTS.zsh}
_describe() { local -a c; c=("\${(@P)2}"); print -l -- "\${c[@]}"; }
words=(longshore endpoint de); CURRENT=3; _longshore; print -- "\${_comps[longshore]}"`;
		const run = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8', env: shellEnvironment() });
		expect(run).toMatchObject({ status: 0, stderr: '' });
		expect(run.stdout).toMatch(/^delete:Delete an endpoint.*\n_longshore\n$/);
	});

	it.skipIf(!has('fish'))('loads in fish and offers the word with what it means', () => {
		const script = `${COMPLETION_SCRIPTS.fish}\ncomplete -C 'longshore endpoint de'`;
		const run = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env: shellEnvironment() });
		expect(run).toMatchObject({ status: 0, stderr: '' });
		expect(run.stdout).toMatch(/^delete\tDelete an endpoint/);
	});
});
