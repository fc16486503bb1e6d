/** The endpoints of a run, of two tenants, and what their workers write down of themselves. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { shellCommand } from '../../support/deploy.ts';
import type { StackUnderTest } from '../faults/stack-under-test.ts';
import type { EventOf } from '../history/event.ts';
import type { PlannedJob } from '../plan/workload.ts';

export interface ChaosEndpoint {
	readonly name: PlannedJob['endpoint'];
	readonly id: string;
	readonly key: string;
	readonly webhookSecret: string;
	readonly workersMax: number;
	readonly traceFile: string;
}

const WORKERS_DIR = resolve(import.meta.dirname, '../../support/workers');
const SHAPES: readonly { readonly name: PlannedJob['endpoint']; readonly workersMax: number; readonly concurrency: number; readonly retries: number }[] = [
	{ name: 'main', workersMax: 6, concurrency: 8, retries: 10 },
	{ name: 'other', workersMax: 2, concurrency: 4, retries: 10 },
	{ name: 'rough', workersMax: 2, concurrency: 4, retries: 1 },
	{ name: 'purged', workersMax: 1, concurrency: 2, retries: 10 },
];

/** Deploys all of them; `other` belongs to a second account. */
export async function deployEndpoints(stack: StackUnderTest): Promise<ChaosEndpoint[]> {
	const { apiKey, operatorToken } = stack.local();
	const second = (await post(stack, '/admin/accounts', operatorToken, { name: 'other' })) as { apiKey: string };
	const endpoints: ChaosEndpoint[] = [];
	for (const { name, workersMax, concurrency, retries } of SHAPES) {
		const key = name === 'other' ? second.apiKey : apiKey;
		const traceFile = join(stack.home, `trace-${name}.jsonl`);
		const made = (await post(stack, '/v2/serverless', key, {
			name,
			type: 'QUEUE',
			image: `process://${WORKERS_DIR}`,
			args: shellCommand(process.execPath, 'raw-worker.ts'),
			env: { TRACE_FILE: traceFile, CONCURRENCY: String(concurrency) },
			gpu: { pools: ['ADA_24'], count: 1 },
			workers: { min: name === 'main' ? workersMax : 1, max: workersMax, idleTimeout: 30 },
			scaling: { type: 'QUEUE_DELAY', queueDelay: 1 },
			retries,
			// A frozen worker is a process that lives and does not count.
			flashboot: 'OFF',
		})) as { id: string; webhookSecret: string };
		endpoints.push({ name, id: made.id, key, webhookSecret: made.webhookSecret, workersMax, traceFile });
	}
	return endpoints;
}

async function post(stack: StackUnderTest, path: string, token: string, body: object): Promise<unknown> {
	const response = await fetch(`${stack.directUrl}${path}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(15_000),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
	return JSON.parse(text);
}

/** Reads what workers have written since the last reading. */
export function followTrace(file: string): () => EventOf<'work'>[] {
	let at = 0;
	let rest = '';
	return () => {
		if (!existsSync(file)) return [];
		const descriptor = openSync(file, 'r');
		const chunk = Buffer.alloc(1 << 20);
		for (let size = readSync(descriptor, chunk, 0, chunk.length, at); size > 0; size = readSync(descriptor, chunk, 0, chunk.length, at)) {
			rest += chunk.toString('utf8', 0, size);
			at += size;
		}
		closeSync(descriptor);
		const lines = rest.split('\n');
		rest = lines.pop() ?? '';
		return lines.flatMap(toWork);
	};
}

/** A worker that dies while it writes leaves half a line; the next one's words stand behind it. */
function toWork(line: string): EventOf<'work'>[] {
	try {
		const { event, job, at, pid, worker, attempt } = JSON.parse(line) as { event: string; job: string; at: number; pid: number; worker: string; attempt?: string };
		return event === 'take' ? [] : [{ is: 'work', at, what: event, job, attempt: attempt ?? null, worker, pid }];
	} catch {
		return [];
	}
}
