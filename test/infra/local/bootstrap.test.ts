/** The door of every npm script, run by this Node in a small repository with an npm that only says how it was called. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let root: string;
const LOCK = {
	packages: {
		'': {},
		edge: { version: '0.1.0' },
		'node_modules/hono': { version: '4.13.19' },
		'node_modules/@longshore/edge': { link: true },
		'node_modules/workerd-other-platform': { version: '1.0.0', optional: true },
	},
};
const INSTALLED = { packages: { edge: { version: '0.1.0' }, 'node_modules/hono': { version: '4.13.19' }, 'node_modules/@longshore/edge': { link: true } } };

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'bootstrap-'));
	mkdirSync(join(root, 'infra/local'), { recursive: true });
	copyFileSync(resolve(import.meta.dirname, '../../../infra/local/bootstrap.mjs'), join(root, 'infra/local/bootstrap.mjs'));
	write('package-lock.json', LOCK);
	write('node_modules/.package-lock.json', INSTALLED);
	write('program.mjs', 'console.log("program", JSON.stringify(process.argv.slice(2))); process.exit(7);');
	write('npm.js', 'console.error("npm", process.argv.slice(2).join(" ")); process.exit(Number(process.env.NPM_STATUS ?? 0));');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: unknown): void {
	mkdirSync(dirname(join(root, path)), { recursive: true });
	writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function bootstrap(env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
	const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'infra/local/bootstrap.mjs'), 'program.mjs', '--port', '1'], {
		encoding: 'utf8',
		env: { PATH: process.env['PATH'], npm_execpath: join(root, 'npm.js'), ...env },
	});
	return { status, stdout, stderr };
}

describe('the bootstrap', () => {
	test("runs the program at once when the packages are the lockfile's, passing arguments and status through", () => {
		expect(bootstrap()).toEqual({ status: 7, stdout: 'program ["--port","1"]\n', stderr: '' });
	});

	test('installs first when nothing is installed', () => {
		rmSync(join(root, 'node_modules'), { recursive: true });
		const { status, stderr } = bootstrap();
		expect(status).toBe(7);
		expect(stderr).toMatch(/^Installing packages: no packages installed yet[\s\S]*\nnpm ci --ignore-scripts /);
	});

	test('installs again when a package has another version than the lockfile', () => {
		write('package-lock.json', { packages: { ...LOCK.packages, 'node_modules/hono': { version: '4.14.0' } } });
		expect(bootstrap().stderr).toMatch(/^Installing packages: hono is 4.13.19, the lockfile says 4.14.0/);
	});

	test('installs again when a package is missing', () => {
		write('package-lock.json', { packages: { ...LOCK.packages, 'node_modules/zod': { version: '4.0.0' } } });
		expect(bootstrap().stderr).toMatch(/^Installing packages: zod is missing/);
	});

	test("stops with npm's failure instead of running the program on half an installation", () => {
		rmSync(join(root, 'node_modules'), { recursive: true });
		expect(bootstrap({ NPM_STATUS: '3' })).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('npm ci failed (exit 3)') });
	});
});
