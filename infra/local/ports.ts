/** Loopback ports of the stack's inner processes: picked once, remembered, picked again only when someone else has one. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { readState, writeState } from './state-file.ts';

/** Below the ranges from which Linux and macOS take ports for outgoing connections, so that a restarted process finds its port free. */
const RANGE = { from: 20_000, to: 32_000 } as const;
const TRIES_MAX = 200;

/** Hands out ports by purpose (`broker/eu-1`). */
export interface PortBook {
	take(purpose: string): Promise<number>;
	/** Remembers what was taken; purposes that were not asked for are forgotten. */
	save(): void;
}

export function openPortBook(file: string): PortBook {
	const remembered = readState<Record<string, number>>(file) ?? {};
	const taken = new Map<string, number>();
	const isOurs = (port: number): boolean => [...taken.values()].includes(port);
	return {
		async take(purpose) {
			const old = remembered[purpose];
			let port = old;
			for (let tries = 0; port === undefined || isOurs(port) || !(await isPortFree(port)); tries++) {
				if (tries === TRIES_MAX) throw new Error(`no free TCP port on 127.0.0.1 between ${RANGE.from} and ${RANGE.to} after ${TRIES_MAX} tries`);
				port = randomInt(RANGE.from, RANGE.to);
			}
			taken.set(purpose, port);
			return port;
		},
		save: () => writeState(file, Object.fromEntries(taken)),
	};
}

/** True when `port` can be listened on at 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
