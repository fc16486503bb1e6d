/** A temporary copy of the tree, in which mutants live: the product itself has no switch that could break it. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Mutant } from './mutants.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PACKAGES = ['shared-schema', 'edge', 'regional-broker', 'gpu-worker', 'infra'];
const COPIED = [...PACKAGES, 'test', 'examples', 'package.json', 'tsconfig.json'];

/** Files of the mutant as they are to be written. Throws when a text to be replaced is not there exactly once: the mutant no longer says what it said. */
export function patchedFiles(mutant: Mutant, root: string = ROOT): Map<string, string> {
	const files = new Map<string, string>();
	for (const { file, from, to } of mutant.patches) {
		const text = files.get(file) ?? readFileSync(join(root, file), 'utf8');
		const found = text.split(from).length - 1;
		if (found !== 1) throw new Error(`mutant "${mutant.name}" does not apply: ${file} has ${found} times\n${from}`);
		files.set(
			file,
			text.replace(from, () => to),
		);
	}
	return files;
}

export interface MutantTree {
	readonly root: string;
	remove(): void;
}

/** Copies the tree and applies the mutant. Packages come from the original's `node_modules`, the workspaces among them from the copy. */
export function plant(mutant: Mutant): MutantTree {
	const root = mkdtempSync(join(tmpdir(), 'longshore-mutant-'));
	const skipped = new Set(['node_modules', 'dist', '.longshore', '.cache', '.wrangler']);
	for (const name of COPIED) if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: (path) => !skipped.has(basename(path)) });
	linkPackages(join(ROOT, 'node_modules'), join(root, 'node_modules'));
	for (const name of PACKAGES) if (existsSync(join(ROOT, name, 'node_modules'))) linkPackages(join(ROOT, name, 'node_modules'), join(root, name, 'node_modules'));
	mkdirSync(join(root, 'node_modules/@longshore'), { recursive: true });
	for (const name of PACKAGES) symlinkSync(join(root, name), join(root, 'node_modules/@longshore', name));
	for (const [file, text] of patchedFiles(mutant)) writeFileSync(join(root, file), text);
	return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function linkPackages(from: string, to: string): void {
	mkdirSync(to, { recursive: true });
	for (const name of readdirSync(from)) if (name !== '@longshore' && name !== '.cache') symlinkSync(join(from, name), join(to, name));
}
