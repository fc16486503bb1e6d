/** Reads the repository's own files, once, for the rules of `tidy.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text file by its path from the repository's root, with `/` between folders. */
export interface RepositoryFile {
	readonly path: string;
	readonly text: string;
}

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'bench-results', 'sim-results', '__pycache__']);
const TEXT_FILES = /\.(?:ts|mjs|js|tsx|py|json|jsonc|md|yaml|yml|toml|sh)$/;

/** Every source, configuration and document; no build output and nothing below a dot folder but `.ci` and `.github`. */
export function readRepository(root: string): RepositoryFile[] {
	const files: RepositoryFile[] = [];
	const walk = (folder: string): void => {
		for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
			const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
			if (entry.isDirectory() && isOurs(entry.name)) walk(path);
			else if (entry.isFile() && (TEXT_FILES.test(entry.name) || folder === '.ci')) files.push({ path, text: readFileSync(join(root, path), 'utf8') });
		}
	};
	walk('');
	return files.filter((file) => file.path !== 'package-lock.json');
}

function isOurs(folderName: string): boolean {
	return !LEFT_OUT.has(folderName) && (!folderName.startsWith('.') || folderName === '.ci' || folderName === '.github');
}
