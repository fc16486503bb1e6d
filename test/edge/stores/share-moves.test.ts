/** Jobs on their way to a region that loses its share of the endpoint: no figure of a region names them, and no timer is near. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { host } from '../core/samples.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let eu: Region;
let us: Region;
let client: Client;

beforeAll(async () => {
	// Nothing but the change of shares may bring a job back in time.
	edge = await startEdge({ START_WITHIN_MS: 120_000, DISPATCH_CONFIRM_MS: 120_000, SWEEP_MS: 120_000, REGION_LEASE_MS: 240_000 });
	eu = await startRegion(edge, 'eu-1');
	us = await startRegion(edge, 'us-1');
	eu.hosts = [host({ id: 'h-eu', boot: 'boot-eu', dataCenterId: 'EU-RO-1' })];
	us.hosts = [host({ id: 'h-us', boot: 'boot-us', dataCenterId: 'US-TX-3' })];
	for (const region of [eu, us]) region.beat(true);
});
beforeEach(async () => {
	client = await deploy(edge, [eu, us], { workers: { min: 0, max: 1 }, dataCenterIds: ['EU-RO-1'] });
	actOn(1_000_000);
});
afterAll(async () => {
	await eu?.close();
	await us?.close();
	await edge?.stop();
});

/** Both regions act on every grant up to a revision, and have no worker and, as far as they know, no job. */
const actOn = (revision: number): void => {
	const figures = { revision, workers: { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 }, alive: 0, queued: 0, slotsFree: 0 };
	for (const region of [eu, us]) region.endpoints = { [client.endpointId]: figures };
};

const moveToUs = async (): Promise<void> => {
	const { status, text } = await edge.call('PATCH', `/v2/serverless/${client.endpointId}`, { dataCenterIds: ['US-TX-3'] }, client.key);
	expect([status, text]).toEqual([200, expect.anything()]);
	actOn(1_000_001);
};

test.each([
	['just accepted', 0],
	['long acknowledged', 1_000],
])('one that was %s there goes to the region that has the share now', async (_, restMs) => {
	const first = await client.runAt(eu);
	await new Promise((resolve) => setTimeout(resolve, restMs));
	await moveToUs();
	const second = await us.dispatched.next(({ id }) => id === first.id, 'dispatch to the other region');
	expect(second.epoch).toBe(first.epoch + 1);
	expect(await eu.tell(first, 'result', { text: '"old"' })).toBe('stop');
	expect(await us.tell(second, 'result', { text: '"new"' })).toBe('accepted');
	const { body } = await client.status(first.id);
	expect(body).toMatchObject({ status: 'COMPLETED', output: 'new' });
	expect(body).not.toHaveProperty('retries');
});

test('one whose dispatch has no answer yet is taken back there first', async () => {
	eu.onDispatch = () => 'silence';
	const first = await client.runAt(eu);
	await moveToUs();
	await eu.revoked.next(({ id }) => id === first.id, 'revoke');
	const second = await us.dispatched.next(({ id }) => id === first.id, 'dispatch to the other region');
	expect(await us.tell(second, 'result', { text: '1' })).toBe('accepted');
});
