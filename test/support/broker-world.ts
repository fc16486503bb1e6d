/** A region for one test file: a real nats-server, an edge stand-in that grants what the test says, a broker between them. */
import type { EndpointGrant } from '../../shared-schema/src/wire/region.ts';
import { type EdgeStandIn, startEdgeStandIn } from './edge-stand-in.ts';
import { type HostStandIn, startHostStandIn } from './host-stand-in.ts';
import { startBroker, type TestBroker } from './start-broker.ts';
import { type StartNatsOptions, startNats, type TestNats } from './start-nats.ts';
import { until } from './wait.ts';

export interface BrokerWorld {
	readonly nats: TestNats;
	readonly edge: EdgeStandIn;
	readonly broker: TestBroker;
	/** Endpoint → grant; what the edge's heartbeat answers bring. */
	readonly grants: Map<string, EndpointGrant>;
	/** `login`: how it proves who it is, where NATS asks. */
	host(id: string, figure?: Parameters<typeof startHostStandIn>[2], login?: Parameters<typeof startHostStandIn>[3]): Promise<HostStandIn>;
	/** Grants an endpoint and waits until the broker's heartbeat shows that it knows. */
	grant(grant: EndpointGrant): Promise<void>;
	/** Another replica. */
	replica(overrides: Readonly<Record<string, string>>): Promise<TestBroker>;
	close(): Promise<void>;
}

/** Resolves when the broker is ready. */
export async function startBrokerWorld(options: StartNatsOptions & { readonly settings?: Readonly<Record<string, string>> } = {}): Promise<BrokerWorld> {
	const [nats, edge] = await Promise.all([startNats(options), startEdgeStandIn()]);
	const grants = new Map<string, EndpointGrant>();
	edge.grants = (heartbeat) => ({
		endpoints: [...grants.values()].filter((grant) => (heartbeat.endpoints[grant.endpointId]?.revision ?? 0) < grant.revision),
		removed: Object.keys(heartbeat.endpoints).filter((endpointId) => !grants.has(endpointId)),
	});
	const hosts: HostStandIn[] = [];
	const brokers: TestBroker[] = [];
	const replica = async (overrides: Readonly<Record<string, string>>): Promise<TestBroker> => {
		const broker = await startBroker(nats.url, edge, {
			...(options.identities === undefined ? {} : { LONGSHORE_NATS_ISSUER: options.identities.issuerText }),
			...options.settings,
			...overrides,
		});
		brokers.push(broker);
		await until(async () => (await broker.readyz()).status === 200, { what: 'the broker is ready' });
		return broker;
	};
	const broker = await replica({});
	return {
		nats,
		edge,
		broker,
		grants,
		replica,
		host: async (id, figure, login) => {
			const host = await startHostStandIn(nats.url, id, figure, login);
			hosts.push(host);
			host.report();
			return host;
		},
		grant: async (grant) => {
			grants.set(grant.endpointId, grant);
			await until(() => edge.heartbeats.at(-1)?.endpoints[grant.endpointId]?.revision === grant.revision, { what: `the broker knows ${grant.endpointId}` });
		},
		close: async () => {
			await Promise.all(brokers.map((one) => one.stop()));
			await Promise.all(hosts.map((host) => host.close()));
			await Promise.all([nats.stop(), edge.close()]);
		},
	};
}
