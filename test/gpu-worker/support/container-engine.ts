/**
 * A real container engine for tests: the one that `LONGSHORE_TEST_CONTAINER_ENGINE` names, or a Podman of the machine serving Docker's
 * API on a socket of its own, with storage of its own. Images are made of this machine's programs: no registry is needed.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { until } from '../../support/wait.ts';
import { type ImageContent, packImage, which } from './container-image.ts';

const exec = promisify(execFile);
/** Podman's own first choice of runtime fails on machines with old control groups; open files and processes within what any user has. */
const PODMAN_CONF = '[engine]\nruntime = "runc"\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n[containers]\ndefault_ulimits = ["nofile=1024:1024","nproc=1024:1024"]\n';

export interface TestEngine {
	/** As `LONGSHORE_CONTAINER_ENGINE` takes it. */
	readonly address: string;
	readonly api: Docker;
	/** A network of its own: another engine of this machine may hand out the same addresses in one of the same name. */
	readonly network: string;
	/** Settings of a host agent, or of a stack, on this engine. */
	readonly settings: Readonly<Record<string, string>>;
	/** Makes an image of programs of this machine and what they need. Returns its reference. */
	image(name: string, programs: readonly string[], more?: ImageContent): Promise<string>;
	stop(): Promise<void>;
}

/** What a test engine is made of. */
export const ENGINE_PROGRAMS: readonly string[] = ['podman', 'runc'];

/** Why there is no engine for tests on this machine; null when there is one. */
export function missingEngine(): string | null {
	if ((process.env['LONGSHORE_TEST_CONTAINER_ENGINE'] ?? '') !== '') return null;
	const missing = ENGINE_PROGRAMS.filter((program) => which(program) === null);
	if (missing.length > 0) return `no ${missing.join(' and no ')} on this machine, and LONGSHORE_TEST_CONTAINER_ENGINE names no engine`;
	return mayMakeContainers() ? null : 'this machine lets its user make no name spaces of mounts and networks: Podman needs root, and in a container a privileged one';
}

/** Asked of the kernel itself. A machine without the program is given the benefit of the doubt. */
export function mayMakeContainers(): boolean {
	const asked = spawnSync('unshare', ['--mount', '--net', 'true'], { stdio: 'ignore' });
	return asked.error !== undefined || asked.status === 0;
}

/** Starts or opens the engine. `plainRegistries`: `host:port` of registries that it may ask over HTTP. The caller stops it. */
export async function startEngine(plainRegistries: readonly string[] = []): Promise<TestEngine> {
	const named = process.env['LONGSHORE_TEST_CONTAINER_ENGINE'] ?? '';
	const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-engine-')));
	const podman = named === '' ? await startPodman(home, plainRegistries) : null;
	const address = podman?.address ?? named;
	const api = new Docker({ socketPath: address.replace('unix://', '') });
	const images: string[] = [];
	const network = `longshore-test-${basename(home).slice(-6)}`;
	return {
		address,
		api,
		network,
		settings: { LONGSHORE_CONTAINER_ENGINE: address, LONGSHORE_CONTAINER_NETWORK: network },
		async image(name, programs, more = {}) {
			const reference = await importImage(api, join(home, name), name, programs, more);
			images.push(reference);
			return reference;
		},
		async stop() {
			for (const reference of images) await api.getImage(reference).remove({ force: true }).catch(ignoreMissing);
			await api.getNetwork(network).remove({ force: true }).catch(ignoreMissing);
			await podman?.stop();
			rmSync(home, { recursive: true, force: true });
		},
	};
}

async function startPodman(home: string, plainRegistries: readonly string[]): Promise<{ readonly address: string; stop(): Promise<void> }> {
	const conf = join(home, 'containers.conf');
	writeFileSync(conf, PODMAN_CONF);
	const registries = join(home, 'registries.conf');
	writeFileSync(registries, plainRegistries.map((location) => `[[registry]]\nlocation = "${location}"\ninsecure = true\n`).join(''));
	// The engine's network programs lie where a user's path may not lead.
	const env = { ...process.env, CONTAINERS_CONF: conf, CONTAINERS_REGISTRIES_CONF: registries, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
	const place = ['--root', join(home, 'root'), '--runroot', join(home, 'run')];
	const socket = join(home, 'engine.sock');
	const service: ChildProcess = spawn('podman', [...place, 'system', 'service', '--time=0', `unix://${socket}`], { cwd: home, env, stdio: 'ignore' });
	await until(() => existsSync(socket), { what: 'podman serves', timeoutMs: 20_000 });
	return {
		address: `unix://${socket}`,
		async stop() {
			await exec('podman', [...place, 'rm', '--all', '--force', '--time', '0'], { env });
			const gone = new Promise((resolve) => service.once('exit', resolve));
			service.kill('SIGTERM');
			await gone;
			// Unmounts what storage has mounted over itself.
			await exec('umount', [join(home, 'root/overlay')]).catch(() => 'it was not mounted');
		},
	};
}

async function importImage(api: Docker, root: string, name: string, programs: readonly string[], content: ImageContent): Promise<string> {
	const archive = await packImage(root, programs, content);
	const repo = `localhost/longshore-${name}`;
	const stream = await api.importImage(archive, { repo, ...(content.changes === undefined ? {} : { changes: content.changes }) });
	await new Promise<void>((resolve, reject) => api.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error))));
	rmSync(archive);
	return `${repo}:latest`;
}

function ignoreMissing(error: { statusCode?: number }): void {
	if (error.statusCode !== 404) throw error;
}
