/** Looks for who notices a mutant: histories of the simulation one after the other, or a named test. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { playApart } from '../lanes.ts';
import type { Catcher, Mutant } from './mutants.ts';
import { plant } from './tree.ts';

const run = promisify(execFile);
const TEST_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** `by`: what noticed it and how; null: nothing did. */
export interface Catch {
	readonly mutant: string;
	readonly layer: string;
	readonly by: string | null;
	readonly seconds: number;
}

/** Plants the mutant, lets its catcher look, and removes it again. */
export async function hunt(mutant: Mutant): Promise<Catch> {
	const startedAt = performance.now();
	const tree = plant(mutant);
	try {
		const { catcher } = mutant;
		const by = catcher.layer === 'simulation' ? await simulate(tree.root, catcher) : await test(tree.root, catcher);
		return { mutant: mutant.name, layer: catcher.layer, by, seconds: (performance.now() - startedAt) / 1_000 };
	} finally {
		tree.remove();
	}
}

async function simulate(root: string, { invariants, seeds, hours }: Extract<Catcher, { layer: 'simulation' }>): Promise<string | null> {
	for (const seed of seeds) {
		const { violations } = await playApart({ seed, hours, faults: null, jobs: null }, root);
		const first = violations[0];
		if (first !== undefined && (invariants as readonly string[]).includes(first.invariant))
			return `${first.invariant}, seed ${seed}, after ${(first.atMs / 3_600_000).toFixed(2)} simulated hours`;
	}
	return null;
}

/** A test that fails; one that cannot even begin proves nothing, so its report must name failed tests. */
async function test(root: string, { project, file }: Extract<Catcher, { layer: 'test' }>): Promise<string | null> {
	const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
	const output = resolve(root, 'report.json');
	const args = [vitest, 'run', '--config', 'test/vitest.config.ts', '--project', project, file, '--reporter', 'json', '--outputFile', output];
	const said = await run(process.execPath, args, { cwd: root, timeout: TEST_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX }).catch(
		(error: { stdout?: string; stderr?: string }) => error,
	);
	if (!existsSync(output)) throw new Error(`${file} did not run: ${String(said.stdout).slice(-500)} ${String(said.stderr).slice(-500)}`);
	const report = JSON.parse(readFileSync(output, 'utf8')) as { testResults: { assertionResults: { status: string; title: string }[] }[] };
	const failed = report.testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed');
	return failed === undefined ? null : `${file}: ${failed.title}`;
}
