/** `longshore context list|use|add|remove|show`: which installations there are and which one is meant. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import type { Command } from 'commander';
import { configPath, readConfig, writeConfig } from '../context/config-file.ts';
import { findLocalStack } from '../context/local-stack.ts';
import { LOCAL, trimUrl } from '../context/resolve.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';

export function addContext(program: Command): void {
	const context = define(program, 'context', 'Installations this command knows', [
		['longshore context add prod --url https://api.example.com', 'then: longshore login'],
		['longshore context use prod', 'from now on'],
		['longshore --context local endpoint list', 'for one command'],
	]).helpGroup('Set-up:');
	define(context, 'list', 'All contexts').alias('ls').action(withSession(list));
	define(context, 'show', 'The context that is meant here, and why').action(withSession(show));
	define(context, 'use <context>', 'Mean this context from now on').action(withSession(use));
	define(context, 'add <name>', 'Add a context, or change its URL', [['longshore context add prod --url https://api.example.com', 'keys come with: longshore login']])
		.requiredOption('--url <url>', 'base URL of the edge, without /v2')
		.action(withSession(add));
	define(context, 'remove <context>', 'Forget a context and its keys').alias('rm').action(withSession(remove));
}

function list(session: Session): void {
	const { terminal } = session;
	const config = readConfig(configPath(terminal.env));
	const local = config.contexts[LOCAL] === undefined ? findLocalStack(terminal.env, process.cwd()) : null;
	const current = currentName(session, config.current, local !== null);
	const contexts = [
		...Object.entries(config.contexts).map(([name, { url, apiKey, operatorToken }]) => ({
			name,
			url,
			current: name === current,
			apiKey: apiKey !== undefined,
			operatorToken: operatorToken !== undefined,
		})),
		...(local === null ? [] : [{ name: LOCAL, url: local.url, current: current === LOCAL, apiKey: true, operatorToken: true }]),
	];
	const yes = (value: boolean): string => (value ? 'yes' : '-');
	session.show({ contexts }, () =>
		renderTable(
			[
				{ title: '', value: (one) => (one.current ? '*' : ''), paint: terminal.style.good },
				{ title: 'NAME', value: ({ name }) => name, paint: (text, one) => (one.current ? terminal.style.bold(text) : text) },
				{ title: 'URL', value: ({ url }) => url },
				{ title: 'KEY', value: ({ apiKey }) => yes(apiKey) },
				{ title: 'OPERATOR', value: ({ operatorToken }) => yes(operatorToken) },
			],
			contexts,
			terminal.width,
			terminal.style,
		),
	);
	if (contexts.length === 0) session.warn('no contexts yet. Start a local stack with "npm start", or: longshore context add <name> --url <url>');
}

/** The name that a command without `--context` would mean. */
function currentName(session: Session, stored: string | undefined, hasLocal: boolean): string | undefined {
	const { env } = session.terminal;
	return env['LONGSHORE_CONTEXT'] || (env['LONGSHORE_HOME'] ? LOCAL : undefined) || stored || (hasLocal ? LOCAL : undefined);
}

function show(session: Session): void {
	const { context, terminal } = session;
	const { name, url, from, apiKey, keyFrom, operatorToken, regionTokens, local } = context;
	const data = {
		name,
		url,
		from,
		apiKeyFrom: apiKey === undefined ? null : keyFrom,
		operatorToken: operatorToken !== undefined,
		regionTokens: Object.keys(regionTokens),
		localHome: local?.home ?? null,
	};
	session.show(data, () =>
		renderFacts(
			[
				['Context', terminal.style.bold(name)],
				['URL', url],
				['Chosen by', from],
				['API key', apiKey === undefined ? 'none: longshore login' : `${apiKey.slice(0, 4)}… from ${keyFrom}`],
				['Operator', operatorToken === undefined ? 'no token' : 'token known'],
				['Regions', Object.keys(regionTokens).length === 0 ? '' : `tokens of ${Object.keys(regionTokens).join(', ')}`],
				['State', local?.home ?? ''],
			],
			terminal.width,
			terminal.style,
		),
	);
}

function use(session: Session, name: string): void {
	const path = configPath(session.terminal.env);
	const config = readConfig(path);
	const known = [...Object.keys(config.contexts), LOCAL];
	if (!known.includes(name)) throw new UsageError(`there is no context "${name}"${suggestion(name, known)}`, `Add it: longshore context add ${name} --url <url>`);
	writeConfig(path, { ...config, current: name });
	session.done(`from now on commands mean context ${name}`, ['longshore context show']);
}

function add(session: Session, name: string, { url }: { readonly url: string }): void {
	if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(name)) throw new UsageError('a context name has 1 to 40 letters, digits, ".", "_" and "-"');
	const path = configPath(session.terminal.env);
	const config = readConfig(path);
	const before = config.contexts[name];
	const next = trimUrl(url, '--url');
	// Keys of one installation must not go to another one under the same name.
	const kept = before !== undefined && before.url === next ? before : {};
	writeConfig(path, { current: config.current ?? name, contexts: { ...config.contexts, [name]: { ...kept, url: next } } });
	const isCurrent = (config.current ?? name) === name;
	session.done(`context ${name} is ${next}${isCurrent ? ', and meant from now on' : ''}`, [`longshore login${isCurrent ? '' : ` --context ${name}`}`]);
}

function remove(session: Session, name: string): void {
	const path = configPath(session.terminal.env);
	const { contexts, current } = readConfig(path);
	if (contexts[name] === undefined) throw new UsageError(`there is no stored context "${name}"${suggestion(name, Object.keys(contexts))}`, 'See them: longshore context list');
	const rest = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
	writeConfig(path, { contexts: rest, ...(current === undefined || current === name ? {} : { current }) });
	session.done(`context ${name} and its keys are forgotten here; the keys themselves stay valid`, current === name ? ['longshore context use <name>'] : []);
}
