/** A TCP relay between two parts whose connections can be cut, hung, delayed, slowed, reset or kept from answering. */
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `pass`: as if it were not there. `cut`: nothing connects, what was connected is closed. `hang`: connections stand still and go on
 * where they were. `no-answers`: bytes go up, none come down; such connections end with the fault. `slow`: 40 KB/s a connection and direction.
 */
export type ProxyMode = 'pass' | 'cut' | 'hang' | 'no-answers' | 'slow';

export interface LinkProxy {
	readonly port: number;
	set(mode: ProxyMode): void;
	/** Added each way. Milliseconds. */
	delay(ms: number): void;
	/** Every connection ends with a reset. */
	reset(): void;
	close(): void;
}

const SLOW_BYTES_MAX = 4_096;
const SLOW_EVERY_MS = 100;

interface Pair {
	readonly client: Socket;
	readonly upstream: Socket;
	/** It was kept from answering. */
	robbed: boolean;
}

/** Relays to `target`, on a port of its own on the loopback. */
export async function openProxy(target: number): Promise<LinkProxy> {
	const pairs = new Set<Pair>();
	let mode: ProxyMode = 'pass';
	let delayMs = 0;
	const flows = new Set<() => void>();
	const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
		if (mode === 'cut') return void client.resetAndDestroy();
		const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
		const pair: Pair = { client, upstream, robbed: false };
		pairs.add(pair);
		for (const [socket, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			socket.on('error', () => other.destroy());
			// What was read is still on its way to the other side.
			socket.on('close', () => void other.end());
		}
		upstream.on('close', () => pairs.delete(pair));
		relay(client, upstream, () => true);
		relay(upstream, client, () => {
			if (mode === 'no-answers') pair.robbed = true;
			return mode !== 'no-answers';
		});
	});

	/** Reads only what may go on: what is held back waits in the sender's socket, as on a real line. */
	function relay(from: Socket, to: Socket, mayPass: () => boolean): void {
		let busy = false;
		let ended = false;
		const flow = async (): Promise<void> => {
			if (busy) return;
			busy = true;
			while (!from.destroyed && mode !== 'hang') {
				const chunk = (mode === 'slow' ? (from.read(Math.min(SLOW_BYTES_MAX, from.readableLength)) as Buffer | null) : (from.read() as Buffer | null)) ?? null;
				if (chunk === null) break;
				if (delayMs > 0) await pause(delayMs);
				if (mode === 'slow') await pause(SLOW_EVERY_MS);
				if (mayPass() && !to.destroyed && !to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
			}
			busy = false;
			if (ended && from.readableLength === 0) to.end();
		};
		const run = (): void => void flow();
		from.on('readable', run);
		from.on('end', () => {
			ended = true;
			run();
		});
		from.on('close', () => flows.delete(run));
		flows.add(run);
	}

	await listen(server);
	return {
		port: (server.address() as { port: number }).port,
		set(next) {
			mode = next;
			for (const pair of pairs) if (mode === 'cut' || (mode === 'pass' && pair.robbed)) void [pair.client.destroy(), pair.upstream.destroy()];
			for (const run of flows) run();
		},
		delay: (ms) => {
			delayMs = ms;
		},
		reset() {
			for (const { client, upstream } of pairs) {
				client.resetAndDestroy();
				upstream.resetAndDestroy();
			}
		},
		close() {
			server.close();
			for (const { client, upstream } of pairs) void [client.destroy(), upstream.destroy()];
		},
	};
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function listen(server: Server): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
}
