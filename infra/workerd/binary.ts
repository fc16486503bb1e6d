/** Finds the workerd that wrangler brought: the program itself, not its JavaScript launcher. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const NAMES: Readonly<Record<string, string>> = {
	'linux-x64': 'workerd-linux-64',
	'linux-arm64': 'workerd-linux-arm64',
	'darwin-x64': 'workerd-darwin-64',
	'darwin-arm64': 'workerd-darwin-arm64',
};

/** Absolute path. Throws where the platform has no workerd or npm left it out. */
export function workerdBinary(): string {
	const name = NAMES[`${process.platform}-${process.arch}`];
	if (name === undefined) throw new Error(`workerd does not exist for ${process.platform}-${process.arch}`);
	const path = join(resolve(import.meta.dirname, '../../node_modules'), '@cloudflare', name, 'bin/workerd');
	if (!existsSync(path)) throw new Error(`${path} is missing: run npm ci without --omit=optional`);
	return path;
}
