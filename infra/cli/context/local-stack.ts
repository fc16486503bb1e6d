/** Finds the local stack that `npm start` runs here, by the `local.json` it writes. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.ts';

/** The part of `local.json` that the command uses. */
export interface LocalStack {
	readonly home: string;
	readonly url: string;
	readonly apiKey: string;
	readonly operatorToken: string;
	readonly regions: readonly { readonly id: string; readonly url: string; readonly operatorToken: string; readonly natsUrl: string }[];
	readonly pids: { readonly edge?: number };
}

const FILE = 'local.json';
const REPOSITORY = resolve(import.meta.dirname, '../../..');

/**
 * The stack of `LONGSHORE_HOME`, else of `.longshore` in this directory or one above it, else of the checkout that the command is in.
 * Null when there is none. Throws `Failure` when `LONGSHORE_HOME` names a place without one.
 */
export function findLocalStack(env: Readonly<Record<string, string | undefined>>, cwd: string): LocalStack | null {
	const home = env['LONGSHORE_HOME'];
	if (home !== undefined && home !== '') {
		const path = resolve(cwd, home);
		if (!existsSync(join(path, FILE)))
			throw new Failure(`LONGSHORE_HOME is ${path}, and no stack has written its local.json there`, 'Start one with "npm start", or unset LONGSHORE_HOME.');
		return readLocal(path);
	}
	for (let folder = cwd; ; folder = dirname(folder)) {
		const candidate = join(folder, '.longshore');
		if (existsSync(join(candidate, FILE))) return readLocal(candidate);
		if (dirname(folder) === folder) break;
	}
	const own = join(REPOSITORY, '.longshore');
	return existsSync(join(own, FILE)) ? readLocal(own) : null;
}

function readLocal(home: string): LocalStack {
	try {
		const local = JSON.parse(readFileSync(join(home, FILE), 'utf8')) as Omit<LocalStack, 'home'>;
		return { ...local, home };
	} catch (error) {
		throw new Failure(`${join(home, FILE)} cannot be read: ${(error as Error).message}`, 'Start the stack again with "npm start": it writes the file anew.');
	}
}
