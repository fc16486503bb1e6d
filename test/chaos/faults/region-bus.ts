/** The run's own connections to the regions' NATS, past all proxies and as a broker: for faults in streams, and for results that must not count. */
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, type JetStreamManager, type NatsConnection } from 'nats';
import type { StackUnderTest } from './stack-under-test.ts';

export interface RegionBus {
	readonly connection: NatsConnection;
	manager(): Promise<JetStreamManager>;
}

/** One a region, each to all of its servers; they reconnect for ever. */
export async function openRegionBuses(stack: StackUnderTest): Promise<Map<string, RegionBus>> {
	const buses = new Map<string, RegionBus>();
	for (const region of stack.network) {
		const credentials = stack.local().regions.find(({ id }) => id === region.id)?.natsCredentials ?? '';
		const connection = await connect({
			servers: region.nats.map(({ port }) => `127.0.0.1:${port}`),
			authenticator: credsAuthenticator(readFileSync(credentials)),
			maxReconnectAttempts: -1,
			reconnectTimeWait: 200,
			waitOnFirstConnect: true,
			ignoreClusterUpdates: true,
		});
		buses.set(region.id, { connection, manager: () => connection.jetstreamManager({ timeout: 2_000, checkAPI: false }) });
	}
	return buses;
}
