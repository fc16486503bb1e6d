/** Root file systems of images, made of this machine's own programs: no registry is needed. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;

export interface ImageContent {
	/** Files and directories of this machine, copied to the same place. */
	readonly copy?: readonly string[];
	/** Patterns of `tar --exclude` for what of `copy` stays away. */
	readonly exclude?: readonly string[];
	/** Programs and modules of this machine whose libraries are copied, each to its own place. */
	readonly libraries?: readonly string[];
	/** Path in the image → text. */
	readonly files?: Readonly<Record<string, string>>;
	/** Instructions as in a Dockerfile, such as `ENV A=b`. */
	readonly changes?: readonly string[];
}

/** Makes the archive of a root file system with `programs` in `/bin`. `root` is a directory to be made, and gone afterwards. Returns the archive's path. */
export async function packImage(root: string, programs: readonly string[], { copy = [], exclude = [], libraries = [], files = {} }: ImageContent): Promise<string> {
	for (const directory of ['tmp', 'proc', 'sys', 'dev', 'etc', 'run', 'var/tmp', 'root', 'bin']) mkdirSync(join(root, directory), { recursive: true });
	const paths = programs.map((program) => {
		const path = program.startsWith('/') ? program : which(program);
		if (path === null) throw new Error(`there is no ${program} on this machine`);
		copyFile(root, realpathSync(path), join('/bin', basename(path)));
		return path;
	});
	for (const library of await librariesOf([...paths, ...libraries])) {
		if (!copy.some((path) => library.startsWith(`${path}/`))) copyFile(root, realpathSync(library), library);
	}
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	const archive = `${root}.tar`;
	await exec('tar', ['-C', root, '-cf', archive, '.']);
	// Straight into the archive: an SDK's packages are hundreds of megabytes.
	if (copy.length > 0) await exec('tar', ['-C', '/', ...exclude.map((pattern) => `--exclude=${pattern}`), '-rf', archive, ...copy.map((path) => `.${path}`)]);
	rmSync(root, { recursive: true });
	return archive;
}

/** Every library that one of them loads. */
async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
	if (programs.length === 0) return new Set();
	// It fails when one of several is static, and has told of the others then.
	const { stdout } = await exec('ldd', [...programs], { maxBuffer: OUTPUT_BYTES_MAX }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
	return new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path));
}

/** To where it is asked for by name, and to its real place when that is another. */
function copyFile(root: string, from: string, at: string): void {
	mkdirSync(dirname(join(root, at)), { recursive: true });
	if (existsSync(join(root, at))) return;
	if (from === at || basename(from) === basename(at)) return cpSync(from, join(root, at));
	copyFile(root, from, from);
	symlinkSync(from, join(root, at));
}

/** Where a program of this machine is. */
export function which(program: string): string | null {
	const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/libexec/podman'];
	const found = places.find((directory) => existsSync(join(directory, program)));
	return found === undefined ? null : join(found, program);
}
