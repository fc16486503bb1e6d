/** Bundles the Worker with wrangler, once for each state of its sources. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { runCommand } from '../local/run-command.ts';

const root = resolve(import.meta.dirname, '../..');
/** Everything that goes into the bundle. Dependencies are covered by the lockfile. */
const SOURCES: readonly string[] = ['package-lock.json', 'edge/package.json', 'edge/wrangler.jsonc', 'edge/src', 'shared-schema/src'];
const BUNDLES_KEPT = 4;

/** Path of the bundled Worker, one ES module. Throws with wrangler's words when it does not build. */
export async function bundleEdge(say: (line: string) => void): Promise<string> {
	const directory = join(root, '.cache/edge', hashSources().slice(0, 16));
	const bundle = join(directory, 'worker.js');
	if (existsSync(bundle)) return bundle;
	say('Bundling the edge Worker');
	mkdirSync(dirname(directory), { recursive: true });
	const scratch = mkdtempSync(join(dirname(directory), '.bundle-'));
	try {
		await runWrangler(scratch);
		removeOldBundles(dirname(directory));
		renameOver(scratch, directory);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
	return bundle;
}

async function runWrangler(outDir: string): Promise<void> {
	const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
	const result = await runCommand(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', outDir, '--config', join(root, 'edge/wrangler.jsonc')], {
		cwd: join(root, 'edge'),
		env: { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', NO_COLOR: '1', CI: '1' },
		timeoutMs: 120_000,
	});
	if (!result.ok || !existsSync(join(outDir, 'worker.js'))) throw new Error(`wrangler could not bundle edge/src/worker.ts:\n${result.output}`);
}

/** Another start may have put the same bundle there in the meantime: theirs is as good. */
function renameOver(from: string, to: string): void {
	try {
		renameSync(from, to);
	} catch (error) {
		if (!existsSync(to)) throw error;
	}
}

function removeOldBundles(parent: string): void {
	const bundles = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
	for (const old of bundles.slice(0, Math.max(0, bundles.length - BUNDLES_KEPT))) rmSync(join(parent, old.name), { recursive: true, force: true });
}

function hashSources(): string {
	const hash = createHash('sha256');
	for (const source of SOURCES) hashPath(hash, join(root, source));
	return hash.digest('hex');
}

function hashPath(hash: ReturnType<typeof createHash>, path: string): void {
	const entries = readdirIfDirectory(path);
	if (entries === undefined)
		hash
			.update(`${relative(root, path)}\0`)
			.update(readFileSync(path))
			.update('\0');
	else for (const entry of entries) hashPath(hash, join(path, entry));
}

function readdirIfDirectory(path: string): string[] | undefined {
	try {
		return readdirSync(path).sort();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
		throw error;
	}
}
