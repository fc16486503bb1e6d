/** Finds or makes Pythons that have RunPod's own SDK: a virtual environment a release in the user's cache, each made once from PyPI. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachePath } from '../../infra/local/cache-dir.ts';
import { findPythons, type Python } from '../../infra/local/python.ts';
import { lastLine, runCommand } from '../../infra/local/run-command.ts';
import { withLock } from './lock.ts';

/** The release that clients and workers are proven against one by one. */
export const RUNPOD_PYTHON_VERSION = '1.12.0';

/** Releases that fleets still run, whose workers are proven with one suite. Oldest first. */
export const RUNPOD_WORKER_VERSIONS = ['1.3.7', '1.5.3', '1.6.2', '1.7.1', '1.7.13', RUNPOD_PYTHON_VERSION] as const;
export type RunpodVersion = (typeof RUNPOD_WORKER_VERSIONS)[number];

/** These pin an aiohttp 3.9 whose wheels end at this minor of Python 3. */
const AIOHTTP_3_9 = { versions: ['1.3.7', '1.5.3', '1.6.2'] as readonly string[], minorMax: 12 };
const INSTALL_MS_MAX = 400_000;

/**
 * Path of a Python interpreter in which `import runpod` gives `version`. `LONGSHORE_TEST_PYTHON` names one for the newest release that
 * is there already; otherwise a virtual environment is made with pip from PyPI.
 * Throws when neither works: a contract that was not run must not look as if it held.
 */
export async function ensurePython(version: RunpodVersion = RUNPOD_PYTHON_VERSION): Promise<string> {
	const named = process.env['LONGSHORE_TEST_PYTHON'];
	if (version === RUNPOD_PYTHON_VERSION && named !== undefined && named !== '') {
		await assertVersion(named, version);
		return named;
	}
	const base = await chooseBase(version);
	const home = cachePath(`runpod-${version}-python${base.version}`);
	const python = join(home, 'bin/python');
	const isMade = join(home, 'made');
	if (existsSync(isMade)) return python;
	await withLock(`${home}.lock`, INSTALL_MS_MAX + 60_000, async () => {
		if (existsSync(isMade)) return;
		rmSync(home, { recursive: true, force: true });
		await makeEnvironment(base, home, python, version);
		await assertVersion(python, version);
		writeFileSync(isMade, '');
	});
	return python;
}

async function chooseBase(version: RunpodVersion): Promise<Python> {
	const isOld = AIOHTTP_3_9.versions.includes(version);
	const minorOf = (python: Python): number => Number(python.version.split('.')[1]);
	const base = (await findPythons()).find((python) => !isOld || minorOf(python) <= AIOHTTP_3_9.minorMax);
	if (base !== undefined) return base;
	const range = isOld ? `3.10 to 3.${AIOHTTP_3_9.minorMax}` : '≥ 3.10';
	throw new Error(`the contract with runpod ${version} needs Python ${range} (python3 or python3.x on PATH), and there is none: install it to run these tests`);
}

/** Without pip inside where the base has one: setting it up costs as much as a third of the whole. */
async function makeEnvironment(base: Python, home: string, python: string, version: string): Promise<void> {
	await run(version, base.command, ['-m', 'venv', ...(base.hasPip ? ['--without-pip'] : []), home]);
	const pip = base.hasPip ? [base.command, '-m', 'pip', '--python', python] : [python, '-m', 'pip'];
	await run(version, pip[0] ?? '', [...pip.slice(1), 'install', '--quiet', '--disable-pip-version-check', `runpod==${version}`]);
}

async function run(version: string, command: string, args: readonly string[]): Promise<void> {
	const result = await runCommand(command, args, { timeoutMs: INSTALL_MS_MAX });
	if (result.ok) return;
	throw new Error(`${command} ${args.join(' ')} failed (${lastLine(result.output)}); the contract with runpod ${version} needs Python with venv, pip and PyPI`);
}

async function assertVersion(python: string, version: string): Promise<void> {
	const result = await runCommand(python, ['-c', 'from importlib.metadata import version; import runpod; print(version("runpod"))'], { timeoutMs: 60_000 });
	const found = lastLine(result.output);
	if (!result.ok || found !== version) throw new Error(`${python} has runpod "${found}"; this contract is proven against ${version}: pip install runpod==${version}`);
}
