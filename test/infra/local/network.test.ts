import { topology } from '@longshore/shared-schema/wire/topology';
import { describe, expect, test } from 'vitest';
import { planNetwork } from '../../../infra/local/network.ts';
import type { PortBook } from '../../../infra/local/ports.ts';

const EDGE_PORT = 8_787;
const dataCenters = { 'A-1': { hosts: { 'a-1-a': { gpuType: 'NVIDIA L4', count: 1 } } } };

function countingPorts(): PortBook {
	let next = 1_000;
	return { take: async () => next++, save: () => undefined };
}

async function plan(region: object): Promise<Awaited<ReturnType<typeof planNetwork>>[number]> {
	const [planned] = await planNetwork(topology.parse({ regions: { a: { dataCenters, ...region } } }), EDGE_PORT, countingPorts());
	if (planned === undefined) throw new Error('no region planned');
	return planned;
}

describe('the network of a region', () => {
	test('is direct where there is one broker and no delay', async () => {
		const region = await plan({});
		const broker = `http://127.0.0.1:${region.brokers[0]?.port}`;
		expect(region).toMatchObject({ id: 'a', links: [], brokerUrl: broker, urlFromEdge: broker, edgeUrl: 'http://127.0.0.1:8787' });
		expect(region.brokers.map((one) => one.id)).toEqual(['a']);
		expect(region.natsUrl).toBe(`nats://127.0.0.1:${region.nats[0]?.port}`);
	});

	test('delays what passes between region and edge, both ways, but nothing inside the region', async () => {
		const region = await plan({ delayMs: 50 });
		const [broker] = region.brokers;
		expect(region.brokerUrl).toBe(`http://127.0.0.1:${broker?.port}`);
		expect(region.links).toEqual([
			{ port: Number(new URL(region.urlFromEdge).port), targets: [broker?.port], delayMs: 50 },
			{ port: Number(new URL(region.edgeUrl).port), targets: [EDGE_PORT], delayMs: 50 },
		]);
	});

	test('balances over several brokers, which are numbered', async () => {
		const region = await plan({ brokers: 2 });
		expect(region.brokers.map((one) => one.id)).toEqual(['a-1', 'a-2']);
		expect(region.links).toEqual([{ port: Number(new URL(region.brokerUrl).port), targets: region.brokers.map((one) => one.port), delayMs: 0 }]);
		expect(region.urlFromEdge).toBe(region.brokerUrl);
	});

	test('names every server of a cluster', async () => {
		const region = await plan({ natsNodes: 3 });
		expect(region.nats.map((node) => node.id)).toEqual(['a-1', 'a-2', 'a-3']);
		expect(region.natsUrl.split(',')).toHaveLength(3);
		const ports = region.nats.flatMap((node) => [node.port, node.monitorPort, node.clusterPort]);
		expect(new Set(ports).size).toBe(9);
	});
});
