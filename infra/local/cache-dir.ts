/** Where downloads that every checkout of this user can share are kept. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CACHE_HOME/longshore` or `~/.cache/longshore`, created when absent. `parts` name a directory below it, which is not created. */
export function cachePath(...parts: readonly string[]): string {
	const xdg = process.env['XDG_CACHE_HOME'];
	const base = join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'longshore');
	mkdirSync(base, { recursive: true });
	return join(base, ...parts);
}
