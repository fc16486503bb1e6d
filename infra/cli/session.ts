/** One run of the command: its terminal, its context, its clients, and how results are shown. */
import type { Command } from 'commander';
import { type ApiClient, createClient } from './api/client.ts';
import { type Context, resolveContext } from './context/resolve.ts';
import { Failure } from './failure.ts';
import { openTerminal, type Terminal } from './terminal/terminal.ts';
import { toYaml } from './terminal/yaml.ts';

/** Options that every command takes. */
export interface GlobalOptions {
	readonly output?: 'table' | 'json' | 'yaml';
	readonly json?: boolean;
	readonly context?: string;
	readonly color?: boolean;
	readonly input?: boolean;
}

let current: Session | undefined;

/** The session of this run, once there is one: for what Ctrl-C says. */
export function currentSession(): Session | undefined {
	return current;
}

export class Session {
	readonly terminal: Terminal;
	readonly format: 'table' | 'json' | 'yaml';
	/** Set by commands that read a project's file. */
	projectContext: string | undefined;
	/** What Ctrl-C says: what goes on without this command. */
	onInterrupt: string | undefined;
	readonly #options: GlobalOptions;
	#context: Context | undefined;

	constructor(options: GlobalOptions) {
		current = this;
		this.#options = options;
		this.terminal = openTerminal(options);
		this.format = options.json === true ? 'json' : (options.output ?? 'table');
	}

	get context(): Context {
		this.#context ??= resolveContext({ flag: this.#options.context, project: this.projectContext, env: this.terminal.env, cwd: process.cwd() });
		return this.#context;
	}

	/** The name given by `--context`, for commands that change a context. */
	get contextFlag(): string | undefined {
		return this.#options.context;
	}

	/** The edge, with the account's API key. */
	edge(): ApiClient {
		const { url, apiKey, name } = this.context;
		if (apiKey === undefined)
			throw new Failure(`no API key for context ${name} (${url})`, 'Store one: longshore login\nOr give it for one command: LONGSHORE_API_KEY=… longshore …');
		return createClient(url, apiKey, 'the edge', `Log in with a valid key: longshore login${this.#for(name)}`);
	}

	/** The edge, with the operator's token. */
	operator(): ApiClient {
		const { url, operatorToken, name } = this.context;
		if (operatorToken === undefined)
			throw new Failure(
				`this needs the operator's token, and context ${name} has none`,
				'Store it: longshore login --operator\nOr give it for one command: LONGSHORE_OPERATOR_TOKEN=… longshore …',
			);
		return createClient(url, operatorToken, 'the edge', `Log in with the operator's token: longshore login --operator${this.#for(name)}`);
	}

	/** A region's broker, with that region's operator token. */
	region(id: string, url: string): ApiClient {
		const { name, regionTokens } = this.context;
		const token = regionTokens[id] ?? this.terminal.env['LONGSHORE_REGION_TOKEN'];
		if (token === undefined || token === '')
			throw new Failure(
				`this needs the operator token of region ${id}, and context ${name} has none`,
				`Store it: longshore login --region ${id}\nOr give it for one command: LONGSHORE_REGION_TOKEN=… longshore …`,
			);
		return createClient(url, token, `region ${id}`, `Log in with the region's operator token: longshore login --region ${id}${this.#for(name)}`);
	}

	/** Shows data: as it is for programs, as `view` draws it for people. */
	show(data: unknown, view: () => readonly string[]): void {
		if (this.format === 'json') this.terminal.data(JSON.stringify(data, null, 2));
		else if (this.format === 'yaml') this.terminal.raw(toYaml(data));
		else for (const line of view()) this.terminal.data(line);
	}

	/** Says that something changed, and what to type next. */
	done(what: string, next: readonly string[] = []): void {
		const { terminal } = this;
		terminal.say(`${terminal.talkStyle.good('✓')} ${what}`);
		for (const line of next) terminal.say(`  ${terminal.talkStyle.dim('next:')} ${terminal.talkStyle.code(line)}`);
	}

	warn(what: string): void {
		this.terminal.say(`${this.terminal.talkStyle.warn('!')} ${what}`);
	}

	#for(name: string): string {
		return this.#options.context === undefined ? '' : ` --context ${name}`;
	}
}

/** Makes a commander action of a function that gets the session first. */
export function withSession<A extends unknown[]>(run: (session: Session, ...args: A) => Promise<void> | void): (...args: unknown[]) => Promise<void> {
	return async (...args) => {
		const command = args.at(-1) as Command;
		const session = new Session(command.optsWithGlobals());
		await run(session, ...(args.slice(0, -1) as A));
	};
}
