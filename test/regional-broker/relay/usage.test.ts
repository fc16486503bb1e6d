import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EdgeClient, EdgeRequest } from '../../../regional-broker/src/edge/edge-client.ts';
import { serveUsage } from '../../../regional-broker/src/relay/usage.ts';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';

type Listener = (data: Uint8Array, reply: ((data: string) => void) | null, subject: string) => void;

const sent: EdgeRequest[] = [];
let status: number | 'unreachable' = 200;
let listener: Listener = () => undefined;
const edge: EdgeClient = {
	send: async (request) => {
		sent.push(request);
		if (status === 'unreachable') throw new Error('unreachable');
		return { status, body: Buffer.from('{"stored":true}') };
	},
	open: () => Promise.reject(new Error('not here')),
	close: () => undefined,
};
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

beforeAll(() => {
	const subscribe = (_subject: string, handler: Listener): void => {
		listener = handler;
	};
	serveUsage({ subscribe } as never, edge, log as never);
});
afterAll(() => {
	sent.length = 0;
});

const REPORT = {
	hostId: 'h1',
	dataCenterId: 'EU-RO-1',
	gpuType: 'NVIDIA L4',
	workers: [{ id: 'w1', endpointId: 'e1', version: 1, gpus: 1, startingMs: 5, runningMs: 0, idleMs: 0, ended: true }],
};

function ask(report: unknown, subject = 'usage.h1'): Promise<unknown> {
	return new Promise((resolve) => listener(Buffer.from(typeof report === 'string' ? report : JSON.stringify(report)), (answer) => resolve(JSON.parse(answer)), subject));
}

it('carries a report to the edge as it is and says that it is stored', async () => {
	expect(await ask(REPORT)).toEqual({ stored: true });
	expect(sent.at(-1)).toMatchObject({ method: 'POST', path: EDGE_PATHS.usage });
	expect(JSON.parse(Buffer.from(sent.at(-1)?.body ?? []).toString())).toEqual(REPORT);
});

it('says that nothing is stored when the edge refuses or cannot be reached', async () => {
	for (const answer of [503, 400, 'unreachable'] as const) {
		status = answer;
		expect(await ask(REPORT)).toEqual({ stored: false });
	}
	status = 200;
});

it('lets no host speak for another, and passes nothing on that it cannot read', async () => {
	const before = sent.length;
	expect(await ask(REPORT, 'usage.h2')).toEqual({ stored: false });
	expect(await ask('no json')).toEqual({ stored: false });
	expect(await ask({ ...REPORT, workers: [] })).toEqual({ stored: false });
	expect(sent.length).toBe(before);
});
