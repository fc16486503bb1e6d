/** A registry of container images on the loopback that asks for a credential: as much of the OCI distribution API as a pull needs, from memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const PIECE_BYTES = 256 * 1024;

export interface RegistryOptions {
	readonly username: string;
	readonly password: string;
}

export interface Registry {
	/** `127.0.0.1:port`. */
	readonly address: string;
	/** Offers the root file system in `archive` (tar) as an image. Returns its reference. */
	offer(name: string, archive: string): Promise<string>;
	/** Bytes of layers that are sent a second from now on; null: as fast as it goes. */
	bytesPerSecond: number | null;
	/** `GET /v2/…` as they came, refused ones too. */
	readonly asked: string[];
	stop(): Promise<void>;
}

interface Blob {
	readonly bytes: Buffer;
	readonly type: string;
}

/** Starts a registry without images. The caller stops it. */
export async function startRegistry({ username, password }: RegistryOptions): Promise<Registry> {
	/** By digest, and manifests by `<name>:<tag>` too. */
	const blobs = new Map<string, Blob>();
	const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	const server = createServer((request, response) => {
		registry.asked.push(request.url ?? '');
		if (request.headers.authorization !== expected) {
			response.writeHead(401, { 'www-authenticate': 'Basic realm="registry of a test"' }).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
			return;
		}
		void answer(blobs, request, response, () => registry.bytesPerSecond);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const put = (bytes: Buffer, type: string): { digest: string; size: number; mediaType: string } => {
		const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
		blobs.set(digest, { bytes, type });
		return { digest, size: bytes.length, mediaType: type };
	};
	const registry: Registry = {
		address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		bytesPerSecond: null,
		asked: [],
		async offer(name, archive) {
			const layer = put(Buffer.concat(await createReadStream(archive).toArray()), 'application/vnd.oci.image.layer.v1.tar');
			const config = {
				architecture: ARCHITECTURES[process.arch] ?? process.arch,
				os: 'linux',
				config: { Env: ['PATH=/bin'] },
				rootfs: { type: 'layers', diff_ids: [layer.digest] },
			};
			const head = put(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json');
			const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: head, layers: [layer] }));
			put(manifest, MANIFEST);
			blobs.set(`${name}:1`, { bytes: manifest, type: MANIFEST });
			return `${registry.address}/${name}:1`;
		},
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	return registry;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

async function answer(blobs: ReadonlyMap<string, Blob>, request: IncomingMessage, response: ServerResponse, rate: () => number | null): Promise<void> {
	const { pathname } = new URL(request.url ?? '', 'http://registry');
	if (pathname === '/v2/') return void response.writeHead(200, { 'docker-distribution-api-version': 'registry/2.0' }).end('{}');
	const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
	const found = blobs.get(reference.startsWith('sha256:') ? reference : `${name}:${reference}`);
	if (found === undefined) {
		const code = kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
		return void response.writeHead(404, { 'content-type': 'application/json' }).end(`{"errors":[{"code":"${code}","message":"${code.toLowerCase().replace('_', ' ')}"}]}`);
	}
	const digest = `sha256:${createHash('sha256').update(found.bytes).digest('hex')}`;
	response.writeHead(200, { 'content-type': found.type, 'content-length': found.bytes.length, 'docker-content-digest': digest });
	if (request.method === 'HEAD') return void response.end();
	Readable.from(piecesOf(found.bytes, rate))
		.on('error', () => response.destroy())
		.pipe(response);
}

async function* piecesOf(bytes: Buffer, rate: () => number | null): AsyncGenerator<Buffer> {
	for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
		yield bytes.subarray(at, at + PIECE_BYTES);
		const perSecond = rate();
		if (perSecond !== null && bytes.length > PIECE_BYTES) await sleep((PIECE_BYTES / perSecond) * 1_000);
	}
}
