/** Finds TCP ports of this machine that nobody listens on. */
import { createServer } from 'node:net';

/** Whether nobody listens on the port, on any address. */
export function isPortFree(port: number): Promise<boolean> {
	const server = createServer();
	return new Promise((resolve) => {
		server.once('error', () => resolve(false));
		server.listen(port, () => server.close(() => resolve(true)));
	});
}

/** `count` different free ports. Another program may take one before the worker does: its health then tells. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = Array.from({ length: count }, () => createServer());
	try {
		return await Promise.all(
			servers.map(
				(server) =>
					new Promise<number>((resolve, reject) => {
						server.once('error', reject);
						// Every address: the worker will most likely ask for all of them.
						server.listen(0, () => {
							const address = server.address();
							if (typeof address === 'object' && address !== null) resolve(address.port);
							else reject(new Error('the system named no port'));
						});
					}),
			),
		);
	} finally {
		await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
	}
}
