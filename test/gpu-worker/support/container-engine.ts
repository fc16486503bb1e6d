/**
 * A real container engine for tests: the one that `LONGSHORE_TEST_CONTAINER_ENGINE` names, or a Podman of the machine serving Docker's
 * API on a socket of its own, with storage of its own. Images are made of this machine's programs: no registry is needed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { until } from '../../support/wait.ts';

const exec = promisify(execFile);
/** Podman's own first choice of runtime fails on machines with old control groups; open files and processes within what any user has. */
const PODMAN_CONF = '[engine]\nruntime = "runc"\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n[containers]\ndefault_ulimits = ["nofile=1024:1024","nproc=1024:1024"]\n';

export interface TestEngine {
	/** As `LONGSHORE_CONTAINER_ENGINE` takes it. */
	readonly address: string;
	readonly api: Docker;
	/** Makes an image of programs of this machine and what they need. Returns its reference. */
	image(name: string, programs: readonly string[], more?: ImageContent): Promise<string>;
	stop(): Promise<void>;
}

export interface ImageContent {
	/** Files and directories of this machine, copied to the same place. */
	readonly copy?: readonly string[];
	/** Path in the image → text. */
	readonly files?: Readonly<Record<string, string>>;
	/** Instructions as in a Dockerfile, such as `ENV A=b`. */
	readonly changes?: readonly string[];
}

/** Why there is no engine for tests on this machine; null when there is one. */
export function missingEngine(): string | null {
	if ((process.env['LONGSHORE_TEST_CONTAINER_ENGINE'] ?? '') !== '') return null;
	const missing = ['podman', 'runc'].filter((program) => which(program) === null);
	return missing.length === 0 ? null : `no ${missing.join(' and no ')} on this machine, and LONGSHORE_TEST_CONTAINER_ENGINE names no engine`;
}

/** Starts or opens the engine. The caller stops it. */
export async function startEngine(): Promise<TestEngine> {
	const named = process.env['LONGSHORE_TEST_CONTAINER_ENGINE'] ?? '';
	const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-engine-')));
	const podman = named === '' ? await startPodman(home) : null;
	const address = podman?.address ?? named;
	const api = new Docker({ socketPath: address.replace('unix://', '') });
	const images: string[] = [];
	return {
		address,
		api,
		async image(name, programs, more = {}) {
			const reference = await importImage(api, join(home, name), name, programs, more);
			images.push(reference);
			return reference;
		},
		async stop() {
			for (const reference of images) await api.getImage(reference).remove({ force: true }).catch(ignoreMissing);
			await podman?.stop();
			rmSync(home, { recursive: true, force: true });
		},
	};
}

async function startPodman(home: string): Promise<{ readonly address: string; stop(): Promise<void> }> {
	const conf = join(home, 'containers.conf');
	writeFileSync(conf, PODMAN_CONF);
	// The engine's network programs lie where a user's path may not lead.
	const env = { ...process.env, CONTAINERS_CONF: conf, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
	const place = ['--root', join(home, 'root'), '--runroot', join(home, 'run')];
	const socket = join(home, 'engine.sock');
	const service: ChildProcess = spawn('podman', [...place, 'system', 'service', '--time=0', `unix://${socket}`], { env, stdio: 'ignore' });
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

async function importImage(api: Docker, root: string, name: string, programs: readonly string[], more: ImageContent): Promise<string> {
	for (const directory of ['tmp', 'proc', 'sys', 'dev', 'etc', 'run', 'var/tmp', 'root', 'bin']) mkdirSync(join(root, directory), { recursive: true });
	for (const program of programs) await copyProgram(root, program);
	for (const path of more.copy ?? []) cpSync(path, join(root, path), { recursive: true, verbatimSymlinks: true, force: true });
	for (const [path, text] of Object.entries(more.files ?? {})) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	const archive = `${root}.tar`;
	await exec('tar', ['-C', root, '-cf', archive, '.']);
	const repo = `localhost/longshore-${name}`;
	const stream = await api.importImage(archive, { repo, ...(more.changes === undefined ? {} : { changes: more.changes }) });
	await new Promise<void>((resolve, reject) => api.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error))));
	rmSync(archive);
	rmSync(root, { recursive: true });
	return `${repo}:latest`;
}

/** The program under its own path and in `/bin`, with the libraries that it loads. */
async function copyProgram(root: string, program: string): Promise<void> {
	const path = program.startsWith('/') ? program : which(program);
	if (path === null) throw new Error(`there is no ${program} on this machine`);
	copyFile(root, realpathSync(path), join('/bin', basename(path)));
	const { stdout } = await exec('ldd', [path]).catch(() => ({ stdout: '' })); // Static ones need nothing.
	for (const [library] of stdout.matchAll(/\/\S+/g)) copyFile(root, realpathSync(library), library);
}

/** To where it is asked for by name, and to its real place when that is another. */
function copyFile(root: string, from: string, at: string): void {
	mkdirSync(dirname(join(root, at)), { recursive: true });
	if (existsSync(join(root, at))) return;
	if (from === at || basename(from) === basename(at)) return cpSync(from, join(root, at));
	copyFile(root, from, from);
	symlinkSync(from, join(root, at));
}

function which(program: string): string | null {
	const found = (process.env['PATH'] ?? '').split(delimiter).find((directory) => existsSync(join(directory, program)));
	return found === undefined ? (existsSync(join('/usr/sbin', program)) ? join('/usr/sbin', program) : null) : join(found, program);
}

function ignoreMissing(error: { statusCode?: number }): void {
	if (error.statusCode !== 404) throw error;
}
