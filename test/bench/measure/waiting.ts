/** What many callers that wait for a stream cost: memory and processor time of the edge, and the time of everybody else's calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Latency } from '../histogram.ts';
import { encodeRequest, LeanConnection } from '../lean-client.ts';
import { closedLoop } from '../load.ts';
import type { Subject, Target } from '../subject.ts';
import { readUsage } from '../usage.ts';

const SUBMITTERS = 32;
const WATCH_S = 3;

export interface WaitingResult {
	readonly callers: number;
	/** Of one processor, while nothing happens. */
	readonly edgeCpuPercent: number;
	/** What the edge's resident set grew by, for each caller. */
	readonly edgeBytesEach: number;
	/** `/runsync` of one client on another endpoint, with and without the callers. */
	readonly alone: Latency;
	readonly beside: Latency;
}

/** `callers` calls of `/stream`, each on a queued job of its own that nobody takes; `other` is an endpoint that works. */
export async function measureWaiting(subject: Subject, unserved: Target, other: Target, callers: number): Promise<WaitingResult> {
	const alone = await onOther(other);
	const ids = await submit(unserved, callers);
	const before = edgeOf(subject);
	const connections = ids.map((id) => {
		const connection = new LeanConnection(unserved.url);
		const path = new URL(`${unserved.api.base}/stream/${id}?wait=120000`);
		connection.send(encodeRequest('GET', unserved.url, path.pathname + path.search, unserved.api.key)).then(
			(answer) => answer.status !== 200 && process.stderr.write(`a waiting /stream was answered ${answer.status}: ${answer.body}\n`),
			() => undefined, // closed below
		);
		return connection;
	});
	await sleep(2_000);
	const held = edgeOf(subject);
	await sleep(WATCH_S * 1_000);
	const edgeCpuPercent = ((edgeOf(subject).cpuS - held.cpuS) / WATCH_S) * 100;
	const beside = await onOther(other);
	for (const connection of connections) connection.close();
	return { callers, edgeCpuPercent, edgeBytesEach: (held.residentBytes - before.residentBytes) / callers, alone, beside };
}

async function onOther(other: Target): Promise<Latency> {
	return (await closedLoop({ url: other.url, clients: 1, seconds: WATCH_S, request: other.runSync })).latency;
}

async function submit(target: Target, count: number): Promise<string[]> {
	const ids: string[] = [];
	let asked = 0;
	const one = async (): Promise<void> => {
		const connection = new LeanConnection(target.url);
		while (asked < count) {
			asked++;
			const answer = await connection.send(target.run);
			if (answer.status !== 200) throw new Error(`/run answered ${answer.status}: ${answer.body}`);
			ids.push((JSON.parse(answer.body) as { id: string }).id);
		}
		connection.close();
	};
	await Promise.all(Array.from({ length: SUBMITTERS }, one));
	return ids;
}

function edgeOf(subject: Subject): { cpuS: number; residentBytes: number } {
	const edge = readUsage(subject).get('edge');
	if (edge === undefined) throw new Error('there is no edge process to measure');
	return edge;
}
