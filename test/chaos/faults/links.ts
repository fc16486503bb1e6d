/** Puts a proxy on every connection between the parts of a stack, so that each can be disturbed by itself. */
import type { RegionNetwork } from '../../../infra/local/network.ts';
import { type LinkProxy, openProxy, type ProxyMode } from './proxy.ts';

/** Names of a region's links. `routes` are those between its NATS servers. */
export type LinkName = 'edge-to-region' | 'region-to-edge' | 'brokers-to-nats' | 'hosts-to-nats' | 'hosts-to-brokers' | 'routes';

export interface Links {
	/** The network as the parts are to be told of it. */
	rewire(planned: readonly RegionNetwork[]): Promise<RegionNetwork[]>;
	set(region: string, link: LinkName, mode: ProxyMode): void;
	delay(region: string, link: LinkName, ms: number): void;
	reset(region: string, link: LinkName): void;
	/** Everything passes again. */
	heal(): void;
	close(): void;
}

export function createLinks(): Links {
	const proxies = new Map<string, LinkProxy[]>();
	const of = (region: string, link: LinkName): LinkProxy[] => proxies.get(`${region}/${link}`) ?? [];
	const all = (): LinkProxy[] => [...proxies.values()].flat();
	const open = async (region: string, link: LinkName, target: number): Promise<number> => {
		const proxy = await openProxy(target);
		proxies.set(`${region}/${link}`, [...of(region, link), proxy]);
		return proxy.port;
	};
	const urlBehind = async (region: string, link: LinkName, url: string): Promise<string> => `http://127.0.0.1:${await open(region, link, Number(new URL(url).port))}`;
	const natsBehind = async (region: RegionNetwork, link: LinkName): Promise<string> => {
		const urls: string[] = [];
		for (const node of region.nats) urls.push(`nats://127.0.0.1:${await open(region.id, link, node.port)}`);
		return urls.join(',');
	};
	const rewireOne = async (region: RegionNetwork): Promise<RegionNetwork> => {
		const nats: RegionNetwork['nats'][number][] = [];
		for (const node of region.nats) nats.push(region.nats.length === 1 ? node : { ...node, routePort: await open(region.id, 'routes', node.clusterPort) });
		return {
			...region,
			nats,
			natsUrl: await natsBehind(region, 'brokers-to-nats'),
			natsUrlOfHosts: await natsBehind(region, 'hosts-to-nats'),
			brokerUrl: await urlBehind(region.id, 'hosts-to-brokers', region.brokerUrl),
			urlFromEdge: await urlBehind(region.id, 'edge-to-region', region.urlFromEdge),
			edgeUrl: await urlBehind(region.id, 'region-to-edge', region.edgeUrl),
		};
	};
	return {
		async rewire(planned) {
			const rewired: RegionNetwork[] = [];
			for (const region of planned) rewired.push(await rewireOne(region));
			return rewired;
		},
		set: (region, link, mode) => of(region, link).forEach((proxy) => void proxy.set(mode)),
		delay: (region, link, ms) => of(region, link).forEach((proxy) => void proxy.delay(ms)),
		reset: (region, link) => of(region, link).forEach((proxy) => void proxy.reset()),
		heal: () => all().forEach((proxy) => void [proxy.set('pass'), proxy.delay(0)]),
		close: () => all().forEach((proxy) => void proxy.close()),
	};
}
