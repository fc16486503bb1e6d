/** Which installation this run talks to, and with what key: flags before environment before the project's file before the configuration. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import { Failure } from '../failure.ts';
import { UsageError } from '../usage-error.ts';
import { configPath, readConfig } from './config-file.ts';
import { findLocalStack, type LocalStack } from './local-stack.ts';

/** The name under which the stack of `npm start` is known without set-up. */
export const LOCAL = 'local';

/** What is known of the installation. */
export interface Context {
	readonly name: string;
	/** Why this one: for `context show` and `doctor`. */
	readonly from: string;
	readonly url: string;
	readonly apiKey: string | undefined;
	readonly keyFrom: string;
	readonly operatorToken: string | undefined;
	readonly regionTokens: Readonly<Record<string, string>>;
	/** Set when the context is a local stack. */
	readonly local: LocalStack | null;
}

export interface ResolveInput {
	readonly flag: string | undefined;
	/** `context` of the project's `longshore.json`, for the commands that read it. */
	readonly project?: string | undefined;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
}

/** The context of this run. Throws `Failure` when there is none, `UsageError` for an unknown name. */
export function resolveContext(input: ResolveInput): Context {
	const { env } = input;
	const base = chooseBase(input);
	const url = env['LONGSHORE_URL'] ?? '';
	const byUrl = url !== '' && input.flag === undefined;
	// A key of one installation is never sent to another one that only LONGSHORE_URL names.
	const chosen = byUrl ? { name: 'environment', from: 'LONGSHORE_URL', url: trimUrl(url, 'LONGSHORE_URL'), local: null } : base;
	if (chosen === null) throw noContext();
	const stored = byUrl ? {} : (base?.secrets ?? {});
	const [apiKey, keyFrom] = firstOf([env['LONGSHORE_API_KEY'], 'LONGSHORE_API_KEY'], [stored.apiKey, `context ${chosen.name}`], [env['RUNPOD_API_KEY'], 'RUNPOD_API_KEY']);
	return {
		name: chosen.name,
		from: chosen.from,
		url: chosen.url,
		apiKey,
		keyFrom,
		operatorToken: firstOf([env['LONGSHORE_OPERATOR_TOKEN'], ''], [stored.operatorToken, ''])[0],
		regionTokens: stored.regionTokens ?? {},
		local: chosen.local,
	};
}

/** A base URL as people paste it: without a trailing slash or `/v2`. Throws `UsageError`. */
export function trimUrl(text: string, what: string): string {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`${what} must be an http or https URL, not "${text}"`, 'For example: https://api.example.com');
	return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v2$/, '');
}

interface Base {
	readonly name: string;
	readonly from: string;
	readonly url: string;
	readonly secrets: { readonly apiKey?: string | undefined; readonly operatorToken?: string | undefined; readonly regionTokens?: Readonly<Record<string, string>> | undefined };
	readonly local: LocalStack | null;
}

function chooseBase({ flag, project, env, cwd }: ResolveInput): Base | null {
	const path = configPath(env);
	const config = readConfig(path);
	const envName = env['LONGSHORE_CONTEXT'] || undefined;
	const named = firstOf(
		[flag, '--context'],
		[envName, 'LONGSHORE_CONTEXT'],
		[env['LONGSHORE_HOME'] ? LOCAL : undefined, 'LONGSHORE_HOME'],
		[project, 'longshore.json'],
		[config.current, path],
	);
	const [name, from] = named;
	if (name === undefined) {
		const local = findLocalStack(env, cwd);
		return local === null ? null : fromLocal(local, local.home);
	}
	const stored = config.contexts[name];
	if (stored !== undefined) return { name, from, url: trimUrl(stored.url, `url of context ${name}`), secrets: stored, local: null };
	if (name !== LOCAL) {
		const known = [...Object.keys(config.contexts), LOCAL];
		throw new UsageError(`${from} names the context "${name}", which is not there${suggestion(name, known)}`, 'See what is there: longshore context list');
	}
	const local = findLocalStack(env, cwd);
	if (local === null)
		throw new Failure('no local stack was found here', 'Start one with "npm start" in the Longshore checkout, or name its home: LONGSHORE_HOME=/path/to/.longshore');
	return fromLocal(local, from === '' ? local.home : from);
}

function fromLocal(local: LocalStack, from: string): Base {
	const regionTokens = Object.fromEntries(local.regions.map((region) => [region.id, region.operatorToken]));
	return { name: LOCAL, from, url: local.url, secrets: { apiKey: local.apiKey, operatorToken: local.operatorToken, regionTokens }, local };
}

function noContext(): Failure {
	return new Failure(
		'no Longshore to talk to: no context is set up and no local stack was found',
		'Start one here with "npm start", or add one:\n  longshore context add prod --url https://api.example.com\n  longshore login',
	);
}

function firstOf(...candidates: readonly (readonly [string | undefined, string])[]): readonly [string | undefined, string] {
	return candidates.find(([value]) => value !== undefined && value !== '') ?? [undefined, ''];
}
