/** Opens a connection to a load-balanced worker through its host's tunnel door. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { TUNNEL_KIND_HEADER } from '@longshore/shared-schema/wire/load-balancer';

/** A host answers at once, or is out of reach. */
const OPEN_MS = 5_000;

/** The open connection. Rejects when the worker was not reached: then nothing of a request has been seen by it. */
export function openTunnel(tunnel: string, workerId: string, token: string, kind: 'request' | 'socket'): Promise<Socket> {
	const colon = tunnel.lastIndexOf(':');
	return new Promise((resolve, reject) => {
		const dial = request({
			host: tunnel.slice(0, colon).replace(/^\[|\]$/g, ''),
			port: Number(tunnel.slice(colon + 1)),
			method: 'CONNECT',
			path: workerId,
			headers: { authorization: `Bearer ${token}`, [TUNNEL_KIND_HEADER]: kind },
			agent: false,
			timeout: OPEN_MS,
		});
		dial.once('connect', (answer, socket, head) => {
			if (answer.statusCode !== 200) {
				socket.destroy();
				return reject(new Error(`the host answers ${answer.statusCode}`));
			}
			socket.setTimeout(0);
			socket.setNoDelay(true);
			if (head.length > 0) socket.unshift(head);
			resolve(socket);
		});
		dial.once('response', (answer) => {
			answer.destroy();
			reject(new Error(`the host answers ${answer.statusCode}`));
		});
		dial.once('timeout', () => dial.destroy(new Error(`the host does not answer within ${OPEN_MS} ms`)));
		dial.once('error', reject);
		dial.end();
	});
}
