/** The ports of this host under which exposed ports of workers are reached from outside, each given to one worker at a time. */
import { randomInt } from 'node:crypto';
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';
import { exposedPorts } from '../core/open-ports.ts';
import { freePorts, isPortFree } from './free-ports.ts';
import { WorkerStartError } from './runtime.ts';

export interface PortRange {
	readonly from: number;
	/** Inclusive. */
	readonly to: number;
}

export interface PortPool {
	/** One for each exposed port (`8080/http`). Throws `WorkerStartError` when the range is used up. */
	take(ports: readonly string[]): Promise<OpenPort[]>;
	giveBack(ports: readonly OpenPort[]): void;
}

/** `publicIp`: address or name under which clients reach this host. `range` null: any port that is free. */
export function createPortPool(publicIp: string, range: PortRange | null): PortPool {
	const given = new Set<number>();
	const takeOne = async (): Promise<number> => {
		if (range === null) {
			const [port = 0] = await freePorts(1);
			return given.has(port) ? takeOne() : port;
		}
		const size = range.to - range.from + 1;
		// Agents that share a machine and a range start at different places.
		const start = randomInt(size);
		for (let n = 0; n < size; n++) {
			const port = range.from + ((start + n) % size);
			if (!given.has(port) && (await isPortFree(port)) && !given.has(port)) return port;
		}
		throw new WorkerStartError(`every port of LONGSHORE_PUBLIC_PORTS (${range.from}-${range.to}) of this host is in use: its operator may widen the range`);
	};
	return {
		async take(ports) {
			const taken: OpenPort[] = [];
			try {
				for (const exposed of exposedPorts(ports)) {
					const publicPort = await takeOne();
					given.add(publicPort);
					taken.push({ ...exposed, publicIp, publicPort });
				}
				return taken;
			} catch (error) {
				this.giveBack(taken);
				throw error;
			}
		},
		giveBack(ports) {
			for (const { publicPort } of ports) given.delete(publicPort);
		},
	};
}
