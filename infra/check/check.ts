/** `npm run check`: types, lint and format, and the repository's own rules, side by side and in seconds. `--fix` lets Biome mend what it can first. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { findUntidy } from './tidy.ts';

const root = resolve(import.meta.dirname, '../..');
const startedMs = performance.now();

/** One part of the check: what it printed, and whether it is content. */
interface Part {
	readonly name: string;
	readonly ok: boolean;
	readonly output: string;
}

const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
if (process.argv.includes('--fix')) await runTool('biome --write', biome, ['check', '--write', '.']);
const parts = await Promise.all([
	runTool('types (tsc -b)', join(root, 'node_modules/typescript/bin/tsc'), ['-b']),
	runTool('lint and format (biome)', biome, ['check', '--error-on-warnings', '.']),
	tidyPart(),
]);
for (const part of parts) {
	if (!part.ok) process.stdout.write(`${part.output.trimEnd()}\n`);
	process.stdout.write(`${part.ok ? 'ok  ' : 'FAIL'} ${part.name}\n`);
}
process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(1)} s\n`);
process.exitCode = parts.every((part) => part.ok) ? 0 : 1;

/** Runs a tool of `node_modules`, a script for Node, to its end. */
function runTool(name: string, script: string, args: readonly string[]): Promise<Part> {
	return new Promise((resolvePart) => {
		const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
		let output = '';
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding('utf8').on('data', (text: string) => {
				output += text;
			});
		}
		child.on('error', (error) => resolvePart({ name, ok: false, output: error.message }));
		child.on('close', (code) => resolvePart({ name, ok: code === 0, output }));
	});
}

async function tidyPart(): Promise<Part> {
	const problems = findUntidy(root);
	return { name: "the repository's own rules", ok: problems.length === 0, output: problems.join('\n') };
}
