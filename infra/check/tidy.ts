/** The repository's own rules, those that no linter knows: sizes, headers, layers, mirrored tests, dead files, links in documents. */
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type RepositoryFile, readRepository } from './repository.ts';

const FILE_LINES_MAX = 400;
const PACKAGES = ['shared-schema', 'edge', 'regional-broker', 'gpu-worker', 'infra'] as const;
/** The one door between packages besides `shared-schema`: handlers are written against it. */
const WORKER_SDK = '@longshore/gpu-worker/sdk';
const IMPORT =
	/(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bnew URL\(['"](\.[^'"]+\.ts)['"], import\.meta\.url\)/g;

/** One line a broken rule, `path: what`; empty when all is tidy. */
export function findUntidy(root: string): string[] {
	const files = readRepository(root);
	const sources = files.filter((file) => /\.(?:ts|mjs|py)$/.test(file.path));
	return [
		...sources.flatMap(checkSize),
		...sources.flatMap(checkHeader),
		...sources.flatMap(checkLayers),
		...checkMirrors(sources),
		...checkDeadFiles(files),
		...files.filter((file) => file.path.endsWith('.md')).flatMap((file) => checkLinks(root, file)),
	].sort();
}

function checkSize({ path, text }: RepositoryFile): string[] {
	const lines = text.split('\n').length - 1;
	return lines > FILE_LINES_MAX ? [`${path}: ${lines} lines, at most ${FILE_LINES_MAX}; split it where the subject changes`] : [];
}

/** A file begins with a sentence on what it owns; a test's own sentences do that. */
function checkHeader({ path, text }: RepositoryFile): string[] {
	if (path.endsWith('.test.ts')) return [];
	const body = text.replace(/^#!.*\n/, '');
	const opening = path.endsWith('.py') ? /^(?:"""|#)\s*\S/ : /^(?:\/\*\*|\/\/)\s*(?:\n \* )?\S/;
	return opening.test(body) ? [] : [`${path}: begins without a sentence that says what the file owns`];
}

/** Packages know `shared-schema` and themselves. Tests may know all; examples and tests write handlers against the worker SDK. */
function checkLayers(file: RepositoryFile): string[] {
	const home = file.path.split('/')[0] ?? '';
	const inPackage = (PACKAGES as readonly string[]).includes(home);
	if (!inPackage && home !== 'examples') return [];
	return importsOf(file).flatMap((specifier) => {
		if (specifier.startsWith('.')) {
			const target = posix.join(dirname(file.path), specifier);
			return target.startsWith(`${home}/`) ? [] : [`${file.path}: imports ${specifier}, which lies outside ${home}/`];
		}
		if (!specifier.startsWith('@longshore/') || specifier.startsWith('@longshore/shared-schema/')) return [];
		return specifier === WORKER_SDK && home === 'examples' ? [] : [`${file.path}: imports ${specifier}; packages share only shared-schema`];
	});
}

/** `<package>/src/…/core/x.ts` has `test/<package>/…/core/x.test.ts`, unless it declares nothing but types. */
function checkMirrors(sources: readonly RepositoryFile[]): string[] {
	const paths = new Set(sources.map((file) => file.path));
	return sources.flatMap(({ path, text }) => {
		const match = /^([^/]+)\/src\/((?:.+\/)?core\/.+)\.ts$/.exec(path);
		if (match === null || !/^export (?!interface |type )/m.test(text)) return [];
		const mirror = `test/${match[1]}/${match[2]}.test.ts`;
		return paths.has(mirror) ? [] : [`${path}: has no ${mirror}`];
	});
}

/** Every source file is imported by one that ships, started as a thread by one, or named by its path where programs are started. */
function checkDeadFiles(files: readonly RepositoryFile[]): string[] {
	const imported = new Set(
		files
			.filter((file) => /\.(?:ts|mjs)$/.test(file.path) && !file.path.startsWith('test/'))
			.flatMap((file) => importsOf(file).map((specifier) => resolveImport(file.path, specifier))),
	);
	const shipped = files.filter((file) => /^(?:shared-schema|edge|regional-broker|gpu-worker)\/src\/.+\.ts$|^infra\/.+\.(?:ts|mjs)$/.test(file.path));
	return shipped.flatMap(({ path }) => {
		if (imported.has(path)) return [];
		const named = files.some((other) => other.path !== path && !other.path.endsWith('.md') && !other.path.startsWith('test/') && names(other, path));
		return named ? [] : [`${path}: nothing imports or starts it`];
	});
}

/** A path is named from the root, or from the package's own folder in its `package.json` or `wrangler.jsonc`. */
function names(file: RepositoryFile, path: string): boolean {
	if (file.text.includes(path)) return true;
	const home = path.slice(0, path.indexOf('/'));
	return new RegExp(`^${home}/(?:package\\.json|wrangler\\.jsonc)$`).test(file.path) && file.text.includes(path.slice(home.length + 1));
}

function resolveImport(from: string, specifier: string): string {
	if (specifier.startsWith('.')) return posix.join(dirname(from), specifier);
	return specifier.replace(/^@longshore\/shared-schema\/(.+)$/, 'shared-schema/src/$1.ts');
}

function importsOf(file: RepositoryFile): string[] {
	return [...file.text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
}

/** Links to files of this repository lead to one. */
function checkLinks(root: string, { path, text }: RepositoryFile): string[] {
	const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
	return links.flatMap((link) => {
		if (/^(?:[a-z]+:|#)/i.test(link)) return [];
		const target = posix.join(dirname(path), link.replace(/#.*$/, ''));
		return existsSync(join(root, target)) ? [] : [`${path}: links to ${link}, which is not there`];
	});
}
