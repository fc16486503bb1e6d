/** Finds or makes the Python that has RunPod's own SDK: a virtual environment under node_modules/.cache, made once. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** The release that the contract is proven against. */
export const RUNPOD_PYTHON_VERSION = '1.12.0';

const VENV_DIR = resolve(import.meta.dirname, '../../node_modules/.cache/longshore-python');

/**
 * Path of a Python interpreter in which `import runpod` gives `RUNPOD_PYTHON_VERSION`.
 * `LONGSHORE_TEST_PYTHON` names one that is there already; otherwise a virtual environment is made with pip from PyPI.
 * Throws when neither works: a contract that was not run must not look as if it held.
 */
export async function ensurePython(): Promise<string> {
	const named = process.env['LONGSHORE_TEST_PYTHON'];
	if (named !== undefined && named !== '') {
		await assertVersion(named);
		return named;
	}
	const python = resolve(VENV_DIR, 'bin/python');
	if (existsSync(python) && (await hasVersion(python))) return python;
	await makeEnvironment();
	await assertVersion(python);
	return python;
}

/** Virtual environments cannot be moved, so it is made in place; a half-made one is thrown away first. */
async function makeEnvironment(): Promise<void> {
	mkdirSync(dirname(VENV_DIR), { recursive: true });
	const stale = `${VENV_DIR}.stale-${process.pid}`;
	if (existsSync(VENV_DIR)) {
		renameSync(VENV_DIR, stale);
		rmSync(stale, { recursive: true, force: true });
	}
	await run('python3', ['-m', 'venv', VENV_DIR]);
	await run(resolve(VENV_DIR, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `runpod==${RUNPOD_PYTHON_VERSION}`]);
}

async function run(command: string, args: readonly string[]): Promise<void> {
	try {
		await exec(command, [...args], { timeout: 300_000, maxBuffer: 16 * 1024 * 1024 });
	} catch (error) {
		throw new Error(
			`${command} ${args.join(' ')} failed; the contract tests need Python ≥ 3.10 with venv and PyPI, or LONGSHORE_TEST_PYTHON naming an interpreter that has runpod ${RUNPOD_PYTHON_VERSION}`,
			{
				cause: error,
			},
		);
	}
}

async function installedVersion(python: string): Promise<string> {
	const { stdout } = await exec(python, ['-c', 'from importlib.metadata import version; print(version("runpod"))'], { timeout: 30_000 });
	return stdout.trim();
}

async function hasVersion(python: string): Promise<boolean> {
	try {
		return (await installedVersion(python)) === RUNPOD_PYTHON_VERSION;
	} catch {
		return false; // Not installed: the caller installs it.
	}
}

async function assertVersion(python: string): Promise<void> {
	const version = await installedVersion(python);
	if (version !== RUNPOD_PYTHON_VERSION)
		throw new Error(`${python} has runpod ${version}; the contract is proven against ${RUNPOD_PYTHON_VERSION}: pip install runpod==${RUNPOD_PYTHON_VERSION}`);
}
