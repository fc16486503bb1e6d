/** The contexts a person has set up, in `$XDG_CONFIG_HOME/longshore/config.json`, readable by its owner only because keys are in it. */
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/** How one installation is reached and opened. */
export interface StoredContext {
	/** Base URL of the edge, without `/v2`. */
	readonly url: string;
	readonly apiKey?: string;
	/** Opens the edge's `/admin` calls. */
	readonly operatorToken?: string;
	/** Region id → token of its broker's operator calls. */
	readonly regionTokens?: Readonly<Record<string, string>>;
}

export interface ConfigFile {
	readonly current?: string;
	readonly contexts: Readonly<Record<string, StoredContext>>;
}

/** Where the file is for this environment. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string {
	const base = env['XDG_CONFIG_HOME'];
	return join(base?.startsWith('/') === true ? base : join(homedir(), '.config'), 'longshore/config.json');
}

/** The file's content; none is an empty one. Throws `Failure` for one that cannot be read. */
export function readConfig(path: string): ConfigFile {
	let text: string;
	try {
		text = readFileSync(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
		throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
	}
	const config = parseConfig(text);
	if (config === null)
		throw new Failure(`${path} is not a configuration of longshore`, `Mend it, or move it away and add your contexts again: longshore context add <name> --url <url>`);
	return config;
}

/** Checked by hand: every run of the command reads this file, and a schema library would double its start. */
function parseConfig(text: string): ConfigFile | null {
	const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
	const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null;
	}
	if (!isRecord(value) || !isText(value['current']) || !isRecord(value['contexts'] ?? {})) return null;
	const contexts = (value['contexts'] ?? {}) as Record<string, unknown>;
	const isContext = (one: unknown): boolean =>
		isRecord(one) &&
		typeof one['url'] === 'string' &&
		[one['apiKey'], one['operatorToken']].every(isText) &&
		(one['regionTokens'] === undefined || (isRecord(one['regionTokens']) && Object.values(one['regionTokens']).every(isText)));
	return Object.values(contexts).every(isContext) ? ({ ...value, contexts } as ConfigFile) : null;
}

/** Writes the file in one step, mode 0600. */
export function writeConfig(path: string, config: ConfigFile): void {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
	const draft = `${path}.${process.pid}`;
	writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
	chmodSync(draft, 0o600);
	renameSync(draft, path);
}

/** Whether others than the owner may read the file; null when there is none. */
export function isReadableByOthers(path: string): boolean | null {
	const mode = statSync(path, { throwIfNoEntry: false })?.mode;
	return mode === undefined ? null : (mode & 0o077) !== 0;
}
