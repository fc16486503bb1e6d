/** Who listens where: every address of a stack, worked out once before anything starts. */
import type { Topology } from '@longshore/shared-schema/wire/topology';
import type { PortBook } from './ports.ts';

/** One NATS server. */
export interface NatsNode {
	/** Region, with a number when the region has several. */
	readonly id: string;
	readonly port: number;
	readonly monitorPort: number;
	readonly clusterPort: number;
	/** Where the other servers of its cluster reach it: `clusterPort`, unless something lies between them. */
	readonly routePort: number;
}

export interface BrokerNode {
	readonly id: string;
	readonly port: number;
}

/** A TCP relay: balances over targets, and delays each way by `delayMs`. */
export interface Link {
	readonly port: number;
	readonly targets: readonly number[];
	readonly delayMs: number;
}

export interface RegionNetwork {
	readonly id: string;
	readonly nats: readonly NatsNode[];
	/** The region's NATS servers, as its brokers reach them. */
	readonly natsUrl: string;
	/** The same as its hosts reach them. */
	readonly natsUrlOfHosts: string;
	readonly brokers: readonly BrokerNode[];
	readonly links: readonly Link[];
	/** The region's brokers, as its own hosts and operators reach them. */
	readonly brokerUrl: string;
	/** The same as the edge reaches them. */
	readonly urlFromEdge: string;
	/** The edge as the region's brokers reach it. */
	readonly edgeUrl: string;
}

/** Takes a port for everything in `topology`; relays only where a region has several brokers or a delay. */
export async function planNetwork(topology: Topology, edgePort: number, ports: PortBook): Promise<RegionNetwork[]> {
	const regions: RegionNetwork[] = [];
	for (const [id, region] of Object.entries(topology.regions)) {
		const nats: NatsNode[] = [];
		for (const nodeId of numbered(id, region.natsNodes)) {
			const port = await ports.take(`nats/${nodeId}`);
			const monitorPort = await ports.take(`nats-monitor/${nodeId}`);
			const clusterPort = await ports.take(`nats-cluster/${nodeId}`);
			nats.push({ id: nodeId, port, monitorPort, clusterPort, routePort: clusterPort });
		}
		const brokers: BrokerNode[] = [];
		for (const brokerId of numbered(id, region.brokers)) brokers.push({ id: brokerId, port: await ports.take(`broker/${brokerId}`) });
		const natsUrl = nats.map((node) => `nats://127.0.0.1:${node.port}`).join(',');
		regions.push({ id, nats, natsUrl, natsUrlOfHosts: natsUrl, brokers, ...(await planLinks(id, brokers, edgePort, region.delayMs, ports)) });
	}
	return regions;
}

async function planLinks(
	id: string,
	brokers: readonly BrokerNode[],
	edgePort: number,
	delayMs: number,
	ports: PortBook,
): Promise<Pick<RegionNetwork, 'links' | 'brokerUrl' | 'urlFromEdge' | 'edgeUrl'>> {
	const links: Link[] = [];
	const open = async (purpose: string, targets: readonly number[], linkDelayMs: number): Promise<number> => {
		const [only] = targets;
		if (targets.length === 1 && only !== undefined && linkDelayMs === 0) return only;
		const port = await ports.take(`link/${id}/${purpose}`);
		links.push({ port, targets, delayMs: linkDelayMs });
		return port;
	};
	const brokerPorts = brokers.map((broker) => broker.port);
	const brokerPort = await open('brokers', brokerPorts, 0);
	const fromEdge = delayMs === 0 ? brokerPort : await open('from-edge', brokerPorts, delayMs);
	const toEdge = await open('to-edge', [edgePort], delayMs);
	return { links, brokerUrl: `http://127.0.0.1:${brokerPort}`, urlFromEdge: `http://127.0.0.1:${fromEdge}`, edgeUrl: `http://127.0.0.1:${toEdge}` };
}

/** `eu-1` alone, else `eu-1-1`, `eu-1-2`, … */
function numbered(id: string, count: number): string[] {
	return count === 1 ? [id] : Array.from({ length: count }, (_, index) => `${id}-${index + 1}`);
}
