/** What the platform adds to one job on an idle machine, from the clocks of the client and of the handler. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { Histogram, type Latency } from '../histogram.ts';
import { LeanConnection } from '../lean-client.ts';
import type { Target } from '../subject.ts';

export interface LatencyResult {
	/** `/run` sent → handler begins: request, commit, dispatch, take. */
	readonly sendToHandler: Latency;
	/** `/run` answered → handler begins. The answer leaves after the commit, so commit → take is this plus the answer's way back. */
	readonly acceptToHandler: Latency;
	/** `/runsync` sent → answered, on a handler that takes no time: all of it is the platform's. */
	readonly runSync: Latency;
	/** The part of it behind the handler: result, event, verdict, answer. */
	readonly handlerToAnswer: Latency;
}

/** Sends `jobs` single jobs each way, with a pause before each so that every one meets an idle system and a held take. */
export async function measureLatency(target: Target, jobs: number): Promise<LatencyResult> {
	const parts = { sendToHandler: new Histogram(), acceptToHandler: new Histogram(), runSync: new Histogram(), handlerToAnswer: new Histogram() };
	const connection = new LeanConnection(target.url);
	for (let n = 0; n < jobs + 20; n++) {
		await sleep(15 + Math.random() * 10);
		const sync = await timed(connection, target.runSync);
		const handlerMs = handlerStartMs(sync.body);
		if (n < 20) continue;
		parts.runSync.record(sync.answeredMs - sync.sentMs);
		parts.handlerToAnswer.record(sync.answeredMs - handlerMs);

		await sleep(15 + Math.random() * 10);
		const run = await timed(connection, target.run);
		const { id } = JSON.parse(run.body) as { id: string };
		const startMs = handlerStartMs(await finished(connection, target, id));
		parts.sendToHandler.record(startMs - run.sentMs);
		parts.acceptToHandler.record(startMs - run.answeredMs);
	}
	connection.close();
	return {
		sendToHandler: parts.sendToHandler.summary(),
		acceptToHandler: parts.acceptToHandler.summary(),
		runSync: parts.runSync.summary(),
		handlerToAnswer: parts.handlerToAnswer.summary(),
	};
}

async function timed(connection: LeanConnection, request: Buffer): Promise<{ sentMs: number; answeredMs: number; body: string }> {
	const sentMs = monotonicMs();
	const { status, body } = await connection.send(request);
	const answeredMs = monotonicMs();
	if (status !== 200) throw new Error(`the stack answered ${status}: ${body}`);
	return { sentMs, answeredMs, body };
}

async function finished(connection: LeanConnection, target: Target, id: string): Promise<string> {
	for (const deadlineMs = monotonicMs() + 10_000; monotonicMs() < deadlineMs; await sleep(10)) {
		const { body } = await connection.send(target.statusOf(id));
		if (body.includes('"COMPLETED"')) return body;
	}
	throw new Error(`job ${id} did not complete within 10 s`);
}

function handlerStartMs(body: string): number {
	const { output } = JSON.parse(body) as { output?: { atNs?: number } };
	if (output?.atNs === undefined) throw new Error(`the worker's output is missing: ${body}`);
	return output.atNs / 1e6;
}
