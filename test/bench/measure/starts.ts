/** How long a job waits for its worker: a new process, one that FlashBoot kept frozen, and one that is up; from the clocks of the client and of the handler. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { Histogram, type Latency } from '../histogram.ts';
import { LeanConnection } from '../lean-client.ts';
import type { Target } from '../subject.ts';

/** Where workers are started: as processes, or as containers of an engine. */
export interface StartsPlace {
	readonly name: string;
	/** An endpoint without workers, whose only one idles out after a second. */
	deploy(flashboot: 'OFF' | 'FLASHBOOT'): Promise<Target>;
	/** Workers of the endpoint that are kept frozen, and those that live otherwise. */
	census(target: Target): Promise<{ readonly frozen: number; readonly up: number }>;
	/** What the worker's last thaw took on its host, from letting the processes go on to their asking for work. */
	lastThawMs(target: Target): Promise<number | null>;
	/** The engine's own pause and unpause of one container of the same image; how long the latter took. Left out: there is no engine. */
	unpauseMs?(): Promise<number>;
	close?(): Promise<void>;
}

export interface StartsResult {
	readonly name: string;
	/** `/run` sent → handler begins. */
	readonly cold: Latency;
	readonly frozen: Latency;
	readonly warm: Latency;
	readonly thaw: Latency;
	readonly unpause: Latency | null;
}

const WITHIN_MS = 60_000;

/** `rounds` of each kind. */
export async function measureStarts(place: StartsPlace, rounds: number): Promise<StartsResult> {
	const parts = { cold: new Histogram(), frozen: new Histogram(), warm: new Histogram(), thaw: new Histogram(), unpause: new Histogram() };
	const [off, on] = [await place.deploy('OFF'), await place.deploy('FLASHBOOT')];
	for (let n = 0; n < rounds; n++) {
		parts.cold.record(await runToHandler(off));
		parts.warm.record(await runToHandler(off));
		await until(async () => (await place.census(off)).up === 0);
	}
	// Its first start is a cold one.
	await runToHandler(on);
	for (let n = 0; n < rounds; n++) {
		await until(async () => (await place.census(on)).frozen === 1);
		parts.frozen.record(await runToHandler(on));
		const thawMs = await place.lastThawMs(on);
		if (thawMs !== null) parts.thaw.record(thawMs);
	}
	for (let n = 0; n < rounds && place.unpauseMs !== undefined; n++) parts.unpause.record(await place.unpauseMs());
	const { cold, frozen, warm, thaw, unpause } = parts;
	return {
		name: place.name,
		cold: cold.summary(),
		frozen: frozen.summary(),
		warm: warm.summary(),
		thaw: thaw.summary(),
		unpause: place.unpauseMs === undefined ? null : unpause.summary(),
	};
}

async function runToHandler(target: Target): Promise<number> {
	const connection = new LeanConnection(target.url);
	try {
		const sentMs = monotonicMs();
		const { status, body } = await connection.send(target.run);
		if (status !== 200) throw new Error(`the stack answered ${status}: ${body}`);
		const { id } = JSON.parse(body) as { id: string };
		const job = await target.api.untilState(id, undefined, WITHIN_MS);
		const { atNs } = (job['output'] ?? {}) as { atNs?: number };
		if (atNs === undefined) throw new Error(`the worker's output is missing: ${JSON.stringify(job)}`);
		return atNs / 1e6 - sentMs;
	} finally {
		connection.close();
	}
}

async function until(probe: () => Promise<boolean>): Promise<void> {
	for (const deadlineMs = monotonicMs() + WITHIN_MS; !(await probe()); await sleep(50)) {
		if (monotonicMs() > deadlineMs) throw new Error(`a worker did not idle out within ${WITHIN_MS} ms`);
	}
}
