/** A proxy on the loopback that passes everything on and keeps what was asked: how often a client that cannot be changed calls. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CallCounter {
	/** To be used in the place of the target's. */
	readonly url: string;
	/** `GET /path?query` of every call so far. */
	readonly calls: readonly string[];
	close(): Promise<void>;
}

/** Opens on a free port in front of `target` (`http://host:port`). */
export async function startCallCounter(target: string): Promise<CallCounter> {
	const calls: string[] = [];
	const proxy = createServer((incoming, outgoing) => {
		calls.push(`${incoming.method} ${incoming.url}`);
		const onward = request(`${target}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(outgoing);
		});
		onward.on('error', () => outgoing.destroy());
		outgoing.on('close', () => onward.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
	return {
		url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
		calls,
		close: async () => {
			const closed = new Promise((done) => proxy.close(done));
			proxy.closeAllConnections();
			await closed;
		},
	};
}
