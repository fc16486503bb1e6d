/** `longshore login`: stores a key for a context. The key comes from a prompt or a pipe, never from a flag that others could see. */
import type { Command } from 'commander';
import { createClient } from '../api/client.ts';
import { configPath, readConfig, type StoredContext, writeConfig } from '../context/config-file.ts';
import { LOCAL } from '../context/resolve.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { UsageError } from '../usage-error.ts';

export function addLogin(program: Command): void {
	define(program, 'login', 'Store a key for a context, after trying it', [
		['longshore login', 'asks for the API key'],
		['longshore login < key.txt', 'for scripts'],
		['longshore login --operator', "the operator's token, for regions and accounts"],
	])
		.helpGroup('Set-up:')
		.option('--operator', "the operator's token of the edge instead of an API key")
		.option('--region <id>', "the operator's token of this region's broker instead")
		.action(withSession(login));
}

async function login(session: Session, flags: { readonly operator?: boolean; readonly region?: string }): Promise<void> {
	if (flags.operator === true && flags.region !== undefined) throw new UsageError('--operator and --region cannot be given together: store one token after the other');
	const { name, url, local } = session.context;
	const path = configPath(session.terminal.env);
	const config = readConfig(path);
	if (local !== null && config.contexts[LOCAL] === undefined)
		throw new UsageError(
			'the local stack opens itself with the keys in its local.json: there is nothing to store',
			`To use another account with it: longshore context add mine --url ${url}`,
		);
	const stored = config.contexts[name];
	if (stored === undefined) throw new UsageError(`there is no stored context "${name}" to keep a key in`, `Add it first: longshore context add ${name} --url ${url}`);
	const what = flags.region !== undefined ? `operator token of region ${flags.region}` : flags.operator === true ? "operator's token" : 'API key';
	const secret = await readSecret(session, `${what} for ${name} (${url})`);
	const changed: StoredContext =
		flags.region !== undefined
			? { ...stored, regionTokens: { ...stored.regionTokens, [flags.region]: secret } }
			: flags.operator === true
				? { ...stored, operatorToken: secret }
				: { ...stored, apiKey: secret };
	if (flags.region === undefined) {
		const path = flags.operator === true ? '/admin/regions' : '/v2/serverless';
		await createClient(url, secret, 'the edge', 'Nothing was stored: check the key and try again.').call('GET', path);
	}
	writeConfig(path, { ...config, contexts: { ...config.contexts, [name]: changed } });
	session.done(`${what} for ${name} stored in ${path}${flags.region === undefined ? '; it works' : ''}`, [
		flags.operator === true || flags.region !== undefined ? 'longshore region list' : 'longshore endpoint list',
	]);
}

/** Asks without showing what is typed, or reads the pipe. */
export async function readSecret(session: Session, what: string, shape: 'one word' | 'any text' = 'one word'): Promise<string> {
	const { terminal } = session;
	let secret: string;
	if (terminal.canAsk) {
		const { isCancel, password } = await import('@clack/prompts');
		const answer = await password({ message: what, output: process.stderr });
		if (isCancel(answer)) throw new Failure('stopped: nothing was stored');
		secret = answer;
	} else if (terminal.hasPipedInput) secret = await terminal.readInput();
	else throw new UsageError(`the ${what} is needed, and nobody can be asked with --no-input`, 'Pipe it in: … < file.txt');
	secret = shape === 'one word' ? secret.trim() : secret.replace(/\r?\n$/, '');
	if (secret === '') throw new UsageError(`the ${what} is empty`, 'Paste it at the prompt, or pipe it in: … < file.txt');
	if (shape === 'one word' && /\s/.test(secret)) throw new UsageError(`the ${what} has spaces or several lines in it`, 'Give the key alone.');
	return secret;
}
