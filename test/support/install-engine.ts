/**
 * Gets what tests of containers need before any test runs: where they are missing and this is Debian as root, as in CI, Podman and its
 * parts are installed as Debian's packages. Anywhere else, or with `LONGSHORE_TEST_INSTALL=0`, those tests say that they were not run.
 */
import { existsSync } from 'node:fs';
import { lastLine, runCommand } from '../../infra/local/run-command.ts';
import { mayMakeContainers, missingEngine } from '../gpu-worker/support/container-engine.ts';
import { which } from '../gpu-worker/support/container-image.ts';
import { withLock } from './lock.ts';

/** Program → package. `catatonit` passes signals on to workers; the rest is the engine, its runtime and its network. */
const PARTS: Readonly<Record<string, string>> = {
	podman: 'podman',
	runc: 'runc',
	conmon: 'conmon',
	netavark: 'netavark',
	'aardvark-dns': 'aardvark-dns',
	iptables: 'iptables',
	catatonit: 'catatonit',
};
const PLACES = ['/usr/lib/podman', '/usr/libexec/podman'];
const INSTALL_MS_MAX = 300_000;
const LOCK = '/tmp/longshore-install-engine.lock';

/** Vitest calls it once a run. */
export async function setup(): Promise<void> {
	if (!mayInstall() || missingParts().length === 0 || !mayMakeContainers()) return;
	await withLock(LOCK, INSTALL_MS_MAX, async () => {
		const missing = missingParts();
		if (missing.length === 0) return;
		process.stderr.write(`installing ${missing.join(', ')} for the tests of containers (LONGSHORE_TEST_INSTALL=0 leaves them out)\n`);
		const failure = await install(missing);
		if (failure !== null) process.stderr.write(`${missing.join(', ')} could not be installed: ${failure}\n`);
	});
}

function mayInstall(): boolean {
	const named = process.env['LONGSHORE_TEST_CONTAINER_ENGINE'] ?? '';
	return named === '' && process.env['LONGSHORE_TEST_INSTALL'] !== '0' && process.getuid?.() === 0 && existsSync('/etc/debian_version') && which('apt-get') !== null;
}

function missingParts(): string[] {
	const missing = Object.entries(PARTS).filter(([program]) => which(program) === null && !PLACES.some((place) => existsSync(`${place}/${program}`)));
	return missing.map(([, name]) => name);
}

/** Null when that worked. Without the rest an engine still runs most of the tests. */
async function install(packages: readonly string[]): Promise<string | null> {
	const env = { DEBIAN_FRONTEND: 'noninteractive' };
	const apt = (...args: string[]) => runCommand('apt-get', ['-q', '-o', 'Acquire::Retries=1', '-o', 'DPkg::Lock::Timeout=120', ...args], { env, timeoutMs: INSTALL_MS_MAX });
	const command = ['install', '-y', '--no-install-recommends', ...packages];
	if ((await apt(...command)).ok) return null;
	// Its lists may be old.
	await apt('update');
	const second = await apt(...command);
	return second.ok ? null : `${lastLine(second.output)}${missingEngine() === null ? '' : '; tests of containers are not run'}`;
}
