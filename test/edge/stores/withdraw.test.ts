/** A queued job that should move is asked back first: one that a host has already is left to it, so that it does not start twice. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WorkerCounts } from '../../../shared-schema/src/wire/region.ts';
import { host } from '../core/samples.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Dispatched, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const NONE: WorkerCounts = { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 };

let edge: Edge;
let eu: Region;
let us: Region;
let client: Client;

beforeAll(async () => {
	// Nothing but the regions' figures may bring a job back in time.
	edge = await startEdge({ START_WITHIN_MS: 120_000, DISPATCH_CONFIRM_MS: 120_000, SWEEP_MS: 120_000, REGION_LEASE_MS: 240_000 });
	eu = await startRegion(edge, 'eu-1');
	us = await startRegion(edge, 'us-1');
	eu.hosts = [host({ id: 'h-eu', boot: 'boot-eu', dataCenterId: 'EU-RO-1' })];
	us.hosts = [host({ id: 'h-us', boot: 'boot-us', dataCenterId: 'US-TX-3', gpus: 3, gpusFree: 3 })];
});
beforeEach(async () => {
	for (const region of [eu, us]) {
		region.beat(false);
		region.endpoints = {};
		region.onWithdraw = () => 'revoked';
	}
	client = await deploy(edge, [eu, us], { workers: { min: 0, max: 6 } });
});
afterAll(async () => {
	await eu?.close();
	await us?.close();
	await edge?.stop();
});

/** A job in the queue of the first region, which then says that it is full while the other one has a free slot. */
async function queuedWhereItIsFull(): Promise<Dispatched> {
	const job = await client.runAt(eu);
	const figures = { revision: 1_000_000, slotsFree: 0 };
	eu.endpoints = { [client.endpointId]: { ...figures, workers: { ...NONE, running: 4 }, alive: 4, queued: 1, blocked: 'ADA_24 full in EU-RO-1' } };
	us.endpoints = { [client.endpointId]: { ...figures, workers: { ...NONE, idle: 1 }, alive: 1, queued: 0, slotsFree: 1 } };
	for (const region of [us, eu]) region.beat(true);
	return job;
}

test('one that no host has moves', async () => {
	const first = await queuedWhereItIsFull();
	await eu.withdrawn.next(({ id }) => id === first.id, 'the question');
	const second = await us.dispatched.next(({ id }) => id === first.id, 'dispatch to the other region');
	expect(second.epoch).toBe(first.epoch + 1);
	expect(eu.revoked.all.filter(({ id }) => id === first.id)).toEqual([]);
	expect(await eu.tell(first, 'started')).toBe('stop');
	expect(await us.tell(second, 'result', { text: '"new"' })).toBe('accepted');
});

test('one that a host has stays with it, and its start and result count', async () => {
	eu.onWithdraw = () => 'taken';
	const job = await queuedWhereItIsFull();
	await eu.withdrawn.next(({ id }) => id === job.id, 'the question');
	expect(await eu.tell(job, 'started')).toBe('accepted');
	expect(await eu.tell(job, 'result', { text: '"once"' })).toBe('accepted');
	expect((await client.status(job.id)).body).toMatchObject({ status: 'COMPLETED', output: 'once' });
	expect(us.dispatched.all.filter(({ id }) => id === job.id)).toEqual([]);
});

test('one whose message is gone though a host may have it is asked about soon, and starts anew when it is nowhere', async () => {
	eu.onWithdraw = () => 'unsure';
	eu.onInventory = () => 'gone';
	const first = await queuedWhereItIsFull();
	await eu.withdrawn.next(({ id }) => id === first.id, 'the question');
	eu.endpoints = {};
	await eu.asked.next(({ id }) => id === first.id, 'where it is');
	const second = await us.dispatched.next(({ id, epoch }) => id === first.id && epoch === first.epoch + 1, 'another attempt');
	expect(await us.tell(second, 'result', { text: '1' })).toBe('accepted');
});

test('one that a host has and does not start moves after a while, and is stopped there', async () => {
	eu.onWithdraw = () => 'taken';
	const first = await queuedWhereItIsFull();
	const second = await us.dispatched.next(({ id }) => id === first.id, 'dispatch to the other region');
	expect(second.epoch).toBe(first.epoch + 1);
	await eu.revoked.next(({ id }) => id === first.id, 'the order to stop');
	expect(await eu.tell(first, 'started')).toBe('stop');
	expect(await us.tell(second, 'result', { text: '1' })).toBe('accepted');
});
