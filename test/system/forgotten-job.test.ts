/** A running job that its host has forgotten: nobody reports anything of it, and its execution timeout is far away. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { controlSubject } from '../../shared-schema/src/wire/subjects.ts';
import { connectToRegion } from '../support/nats-identities.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack({ env: SHORT_TIMERS });
	endpoint = await deployRaw(stack);
	await endpoint.api.untilReady();
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

/** The order that a region gives for cancelled jobs, without the cancellation: each host drops the attempt and says nothing of it. */
async function makeHostsForget(jobId: string): Promise<void> {
	const { regions, pids } = stack.local();
	const order = JSON.stringify({ op: 'stop-jobs', jobs: [{ id: jobId, epoch: 1 }] });
	for (const region of regions) {
		const nats = await connectToRegion(region);
		for (const host of Object.keys(pids.hosts)) nats.publish(controlSubject(host), order);
		await nats.drain();
	}
}

test('is started anew after its host has said twice that it does not have it', async () => {
	const id = await endpoint.api.run({ sleepMs: 3_000, n: 1 }, { policy: { executionTimeout: 600_000 } });
	await until(() => endpoint.starts(id)[0], { what: 'the first start' });
	await endpoint.api.untilState(id, ['IN_PROGRESS']);
	await makeHostsForget(id);
	const done = await endpoint.api.untilState(id, undefined, 120_000);
	expect(done).toMatchObject({ status: 'COMPLETED', retries: 1, output: { raw: { n: 1 } } });
	expect(endpoint.starts(id).length).toBe(2);
}, 180_000);
