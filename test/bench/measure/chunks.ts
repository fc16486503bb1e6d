/** How long a chunk takes from the handler's yield to its reader, by both ways to read a stream. */
import { monotonicMs } from '../clock.ts';
import { Histogram, type Latency } from '../histogram.ts';
import type { Target } from '../subject.ts';

const EVERY_MS = 20;

export interface ChunkResult {
	/** Server-sent events. */
	readonly sse: Latency;
	/** RunPod's `/stream`, called again as soon as it has answered. */
	readonly drain: Latency;
}

/** Streams `chunks` chunks each way from one job that is alone; a missing chunk fails the benchmark. */
export async function measureChunks(target: Target, chunks: number): Promise<ChunkResult> {
	await bySse(target, 10);
	return { sse: await bySse(target, chunks), drain: await byDrain(target, chunks) };
}

async function bySse(target: Target, chunks: number): Promise<Latency> {
	const latencies = new Histogram();
	const id = await target.api.run({ chunks, everyMs: EVERY_MS });
	const answer = await fetch(`${target.api.base}/stream/${id}`, { headers: { authorization: `Bearer ${target.api.key}`, accept: 'text/event-stream' } });
	let seen = 0;
	let text = '';
	for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
		const nowMs = monotonicMs();
		text += Buffer.from(part).toString();
		const events = text.split('\n\n');
		text = events.pop() ?? '';
		for (const event of events) {
			const output = /^data: \{"output":(.*)\}$/m.exec(event)?.[1];
			if (output === undefined) continue;
			latencies.record(nowMs - yieldedMs(JSON.parse(output)));
			seen++;
		}
	}
	return checked(latencies, seen, chunks);
}

async function byDrain(target: Target, chunks: number): Promise<Latency> {
	const latencies = new Histogram();
	const id = await target.api.run({ chunks, everyMs: EVERY_MS });
	let seen = 0;
	for (let status: unknown = 'IN_QUEUE'; status === 'IN_QUEUE' || status === 'IN_PROGRESS'; ) {
		const { json } = await target.api.call(`/stream/${id}`);
		const nowMs = monotonicMs();
		status = json['status'];
		for (const { output } of (json['stream'] ?? []) as { output: unknown }[]) {
			latencies.record(nowMs - yieldedMs(output));
			seen++;
		}
	}
	return checked(latencies, seen, chunks);
}

function yieldedMs(output: unknown): number {
	return (output as { atNs: number }).atNs / 1e6;
}

function checked(latencies: Histogram, seen: number, expected: number): Latency {
	if (seen !== expected) throw new Error(`${seen} chunks of ${expected} arrived`);
	return latencies.summary();
}
