/** What a container image needs to run Python workers of this machine: environments with RunPod's SDK, their interpreter and its libraries, handlers in `/worker`. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ImageContent } from '../gpu-worker/support/container-image.ts';

/** Where the handlers are, and the working directory of the image. */
export const WORKER_DIRECTORY = '/worker';

const ASK =
	'import sys, sysconfig, os, json; print(json.dumps({"packages": sysconfig.get_path("purelib"), "stdlib": sysconfig.get_path("stdlib"), "executable": os.path.realpath(sys.executable)}))';

interface PythonPlaces {
	readonly packages: string;
	readonly stdlib: string;
	readonly executable: string;
}

/** `pythons`: interpreters of environments that `ensurePython` made; each is at the same path in the image. `handlers`: files for `WORKER_DIRECTORY`. */
export function pythonImage(pythons: readonly string[], handlers: readonly string[]): ImageContent {
	const places = pythons.map((python) => ({
		home: dirname(dirname(python)),
		hops: hopsFrom(python),
		...(JSON.parse(execFileSync(python, ['-c', ASK], { encoding: 'utf8' })) as PythonPlaces),
	}));
	const standard = [...new Set(places.map(({ stdlib }) => stdlib))];
	return {
		copy: [...new Set(places.flatMap(({ home, hops }) => [home, ...hops.filter((hop) => !hop.startsWith(home))])), ...standard],
		// What no worker imports: the interpreter's own tests and packages.
		exclude: standard.flatMap((stdlib) => ['test', 'site-packages', 'dist-packages', 'idlelib', 'ensurepip', 'config-*'].map((name) => `.${stdlib}/${name}`)),
		libraries: [...new Set(places.flatMap(({ executable, packages, stdlib }) => [executable, ...modulesIn(packages), ...modulesIn(join(stdlib, 'lib-dynload'))]))],
		files: Object.fromEntries(handlers.map((path) => [join(WORKER_DIRECTORY, path.slice(dirname(path).length)), readFileSync(path, 'utf8')])),
		changes: [`WORKDIR ${WORKER_DIRECTORY}`],
	};
}

/** Each link on the way to the interpreter itself, and that. */
function hopsFrom(path: string): string[] {
	return lstatSync(path).isSymbolicLink() ? [path, ...hopsFrom(resolve(dirname(path), readlinkSync(path)))] : [path];
}

/** Compiled modules; those of a window system load libraries that no worker needs. */
function modulesIn(directory: string): string[] {
	return readdirSync(directory, { recursive: true, encoding: 'utf8' })
		.filter((name) => /\.so(?:\.\d+)*$/.test(name) && !name.includes('_tkinter') && !name.includes('_test'))
		.map((name) => join(directory, name));
}
