/** A process that relays TCP between the stack's own ports: over several brokers of a region, and with added delay each way. */
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough, Transform } from 'node:stream';
import * as z from 'zod';

const port = z.int().min(1).max(65_535);
const links = z.array(z.object({ port, targets: z.array(port).min(1), delayMs: z.number().min(0) })).min(1);

/** Bytes that one direction of one connection may have on the way: the window of a long link. */
const UNDERWAY_BYTES_MAX = 8 * 1024 * 1024;

const parsed = links.parse(JSON.parse(process.argv[2] ?? '[]'));
await Promise.all(parsed.map(serve));
process.stdout.write(`${JSON.stringify({ level: 'info', msg: 'ready', links: parsed })}\n`);
process.on('SIGTERM', () => process.exit(0));

/** Listens on `link.port`; each connection goes to the next target in turn that accepts it. */
function serve(link: z.infer<typeof links>[number]): Promise<void> {
	let next = 0;
	const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
		const order = link.targets.map((_, index) => link.targets[(next + index) % link.targets.length] ?? 0);
		next++;
		relay(client, order, link.delayMs);
	});
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(link.port, '127.0.0.1', resolve);
	});
}

function relay(client: Socket, targets: readonly number[], delayMs: number): void {
	const [target, ...others] = targets;
	if (target === undefined) {
		client.destroy();
		return;
	}
	const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
	const tryNext = (): void => relay(client, others, delayMs);
	upstream.once('error', tryNext);
	client.on('error', () => upstream.destroy());
	upstream.once('connect', () => {
		upstream.off('error', tryNext);
		upstream.on('error', () => client.destroy());
		client.pipe(delayed(delayMs)).pipe(upstream);
		upstream.pipe(delayed(delayMs)).pipe(client);
	});
}

/** Passes bytes on `delayMs` after they came, in order; the end of the stream is delayed like everything else. */
function delayed(delayMs: number): Transform {
	if (delayMs === 0) return new PassThrough();
	const pending: { readonly dueMs: number; readonly pass: () => void }[] = [];
	const run = (): void => {
		while (pending[0] !== undefined && pending[0].dueMs <= performance.now()) pending.shift()?.pass();
		if (pending[0] !== undefined) setTimeout(run, Math.max(1, pending[0].dueMs - performance.now()));
	};
	const later = (pass: () => void): void => {
		pending.push({ dueMs: performance.now() + delayMs, pass });
		if (pending.length === 1) setTimeout(run, delayMs);
	};
	let underwayBytes = 0;
	let resume: (() => void) | undefined;
	return new Transform({
		transform(chunk: Uint8Array, _encoding, done) {
			underwayBytes += chunk.byteLength;
			later(() => {
				underwayBytes -= chunk.byteLength;
				this.push(chunk);
				resume?.();
				resume = undefined;
			});
			if (underwayBytes < UNDERWAY_BYTES_MAX) done();
			else resume = () => done();
		},
		flush: (done) => later(() => done()),
	});
}
