import { expect, test } from 'vitest';
import { JobConsumers } from '../../../regional-broker/src/fleet/job-consumers.ts';

const LOG = { info: () => {}, warn: () => {}, error: () => {} };

/** A server whose consumers can be removed behind the broker's back. */
function consumersOn(server: Set<string>) {
	let nowMs = 0;
	let looks = 0;
	const bus = {
		ensureJobConsumer: async (endpointId: string): Promise<void> => {
			looks++;
			server.add(endpointId);
		},
		removeJobConsumer: async (endpointId: string): Promise<void> => void server.delete(endpointId),
	};
	const consumers = new JobConsumers(bus, () => nowMs, LOG);
	return { consumers, looks: () => looks, pass: (ms: number) => (nowMs += ms) };
}

test('a consumer that is there is not looked at again for every dispatch', async () => {
	const { consumers, looks } = consumersOn(new Set());
	await consumers.ensure('ep');
	await consumers.ensure('ep');
	expect(looks()).toBe(1);
});

test('a consumer that was removed from a server that is up is made again while jobs wait', async () => {
	const server = new Set<string>();
	const { consumers, pass } = consumersOn(server);
	await consumers.ensure('ep');
	consumers.look('ep');
	server.delete('ep');
	pass(9_999);
	consumers.look('ep');
	expect(server.has('ep')).toBe(false);
	pass(1);
	consumers.look('ep');
	expect(server.has('ep')).toBe(true);
});

test('waiting jobs cost one look in ten seconds', () => {
	const { consumers, looks, pass } = consumersOn(new Set());
	for (let i = 0; i < 20; i++) {
		consumers.look('ep');
		pass(1_000);
	}
	expect(looks()).toBe(2);
});
