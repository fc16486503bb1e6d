import { decodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent } from '@longshore/shared-schema/wire/region';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createReporter, type ReportedEvent, type Reporter } from '../../../gpu-worker/src/agent/reporter.ts';
import { type Bus, BusError } from '../../../gpu-worker/src/bus/bus.ts';
import { createLog } from '../../../gpu-worker/src/log.ts';

interface Sent {
	readonly msgId: string;
	readonly events: JobEvent[];
}

let sent: Sent[];
let reporter: Reporter;
let fail: boolean;
let hold: Promise<void> | null;
let settled: string[];
/** What a broker answers on the short way; null: nobody listens there. */
let ask: ((events: readonly JobEvent[]) => Promise<unknown>) | null;
let asked: string[][];
let answerVerdicts: (message: object) => void;

beforeEach(() => {
	vi.useFakeTimers();
	[sent, settled, asked, fail, hold, ask] = [[], [], [], false, null, null];
	const bus = {
		async request(_subject: string, data: Uint8Array) {
			if (ask === null) throw new BusError('absent', 'nobody listens');
			const { head } = decodeFramed(data, (bytes) => new TextDecoder().decode(bytes));
			const { events } = head as { events: JobEvent[] };
			asked.push(events.map((event) => `${event.id} ${event.kind}`));
			return new TextEncoder().encode(JSON.stringify(await ask(events)));
		},
		async store(_subject: string, data: Uint8Array) {
			const { head } = decodeFramed(data, (bytes) => new TextDecoder().decode(bytes));
			const { hostBoot, batch } = head as { hostBoot: string; batch: number };
			sent.push({ msgId: `${hostBoot}.${batch}`, events: (head as { events: JobEvent[] }).events });
			await hold;
			if (fail) throw new BusError('timeout', 'no answer');
		},
		subscribe(_subject: string, handler: (data: Uint8Array) => void) {
			answerVerdicts = (message) => handler(new TextEncoder().encode(JSON.stringify({ hostBoot: 'boot-1', ...message })));
		},
	} as unknown as Bus;
	reporter = createReporter({
		bus,
		clock: { nowMs: () => Date.now(), wallMs: () => Date.now(), random: () => 0.5 },
		log: createLog(() => {}, {}),
		hostId: 'h',
		hostBoot: 'boot-1',
		retryMs: 1_000,
		onVerdicts: (verdicts) => settled.push(...verdicts.map(({ event, verdict }) => `${event.id} ${event.kind} ${verdict}`)),
	});
});
afterEach(() => {
	reporter.close();
	vi.useRealTimers();
});

const base = (id: string) => ({ id, endpointId: 'ep1', epoch: 1, token: 'token-of-16-chars', hostBoot: 'boot-1', workerId: 'w1' });
const started = (id: string): ReportedEvent => ({ kind: 'started', ...base(id) });
const result = (id: string): ReportedEvent => ({ kind: 'result', ...base(id), executionMs: 1 });
const chunk = (id: string, n: number): ReportedEvent => ({ kind: 'chunk', ...base(id), n, bytes: 1 });
const report = (event: ReportedEvent) => reporter.report(event, event.kind === 'chunk' ? Buffer.from('1') : null, Date.now());
const kinds = () => sent.map(({ events }) => events.map((event) => `${event.id} ${event.kind}`));

describe('the reporter', () => {
	test('lets a result absorb the started event of the last moment', async () => {
		report(started('a'));
		await vi.advanceTimersByTimeAsync(10);
		report(result('a'));
		await vi.advanceTimersByTimeAsync(100);
		expect(kinds()).toEqual([['a result']]);
		expect(reporter.held()).toBe(1);
	});

	test('sends a started event when nothing has followed it', async () => {
		report(started('a'));
		await vi.advanceTimersByTimeAsync(25);
		expect(kinds()).toEqual([['a started']]);
	});

	test('sends the started event before the first chunk', async () => {
		report(started('a'));
		report(started('b'));
		report(chunk('a', 0));
		await vi.advanceTimersByTimeAsync(4);
		expect(kinds()).toEqual([['a started', 'a chunk']]);
	});

	test('gathers what comes while a message is on its way, in order', async () => {
		let go: () => void = () => {};
		hold = new Promise((resolve) => {
			go = resolve;
		});
		report(chunk('a', 0));
		await vi.advanceTimersByTimeAsync(1);
		report(chunk('b', 0));
		report(result('b'));
		await vi.advanceTimersByTimeAsync(1);
		expect(sent).toHaveLength(1);
		go();
		await vi.advanceTimersByTimeAsync(4);
		expect(kinds()).toEqual([['a chunk'], ['b chunk', 'b result']]);
	});

	test('keeps what follows a chunk that is in the stream until its verdict: brokers may carry the stream’s messages in any order', async () => {
		report(chunk('a', 0));
		await vi.advanceTimersByTimeAsync(1);
		report(chunk('a', 1));
		report(result('a'));
		report(result('b'));
		await vi.advanceTimersByTimeAsync(100);
		expect(kinds()).toEqual([['a chunk'], ['b result']]);
		// Without a verdict the chunk is repeated, and still nothing overtakes it.
		await vi.advanceTimersByTimeAsync(1_300);
		expect(kinds().slice(2)).toEqual([['a chunk'], ['b result']]);
		answerVerdicts({ batch: 1, verdicts: ['accepted'] });
		await vi.advanceTimersByTimeAsync(100);
		expect(kinds().slice(4)).toEqual([['a chunk', 'a result']]);
		expect(reporter.held()).toBe(3);
	});

	test('sends a lone event at once, and lets those of a busy host gather for some milliseconds', async () => {
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1);
		expect(kinds()).toEqual([['a result']]);
		for (const id of ['b', 'c', 'd']) report(result(id));
		await vi.advanceTimersByTimeAsync(1);
		const before = kinds().length;
		report(result('e'));
		await vi.advanceTimersByTimeAsync(1);
		report(result('f'));
		await vi.advanceTimersByTimeAsync(16);
		expect(kinds()).toHaveLength(before + 1);
		expect(kinds().at(-1)).toEqual(expect.arrayContaining(['e result', 'f result']));
	});

	test('does not let a crowd of events wait for company', async () => {
		for (let i = 0; i < 40; i++) report(result(`job${i}`));
		await vi.advanceTimersByTimeAsync(1);
		expect(kinds().flat()).toHaveLength(40);
	});

	test('repeats a message that was not stored under the same number, with the age it has by then', async () => {
		fail = true;
		report(result('a'));
		await vi.advanceTimersByTimeAsync(40);
		fail = false;
		await vi.advanceTimersByTimeAsync(5_000);
		expect(sent[0]?.msgId).toBe('boot-1.1');
		expect(sent[1]?.msgId).toBe('boot-1.1');
		expect(sent[1]?.events[0]?.agoMs).toBeGreaterThan(sent[0]?.events[0]?.agoMs ?? 0);
	});

	test('publishes an event without a verdict again under a new number, until the verdict comes', async () => {
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1_600);
		expect(sent.map(({ msgId }) => msgId)).toEqual(['boot-1.1', 'boot-1.2']);
		answerVerdicts({ batch: 1, verdicts: ['accepted'] });
		await vi.advanceTimersByTimeAsync(5_000);
		expect(sent).toHaveLength(2);
		expect(settled).toEqual(['a result accepted']);
		expect([reporter.held(), reporter.heldBytes()]).toEqual([0, 0]);
	});

	test('gives each event one verdict, whichever of its messages brings it first', async () => {
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1_600);
		answerVerdicts({ batch: 2, verdicts: ['accepted'] });
		answerVerdicts({ batch: 1, verdicts: ['duplicate'] });
		expect(settled).toEqual(['a result accepted']);
	});

	test('ignores verdicts for another boot and verdicts that do not fit', async () => {
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1);
		answerVerdicts({ hostBoot: 'boot-0', batch: 1, verdicts: ['accepted'] });
		answerVerdicts({ batch: 1, verdicts: [] });
		expect(settled).toEqual([]);
	});
});

describe('the short way of the reporter', () => {
	const accept = async (events: readonly JobEvent[]) => ({ verdicts: events.map(() => 'accepted') });

	test('settles events by the reply and stores nothing', async () => {
		ask = accept;
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1);
		expect(settled).toEqual(['a result accepted']);
		expect(sent).toEqual([]);
		expect([reporter.held(), reporter.heldBytes()]).toEqual([0, 0]);
	});

	test('gathers what comes until the reply and then sends it at once', async () => {
		let go: () => void = () => {};
		ask = async (events) => {
			await new Promise<void>((resolve) => {
				go = resolve;
			});
			return accept(events);
		};
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1);
		for (const id of ['b', 'c', 'd', 'e']) report(result(id));
		await vi.advanceTimersByTimeAsync(3);
		expect(asked).toEqual([['a result']]);
		go();
		await vi.advanceTimersByTimeAsync(0);
		expect(asked).toEqual([['a result'], ['b result', 'c result', 'd result', 'e result']]);
	});

	test('stores what a broker gives back, and all that follows until the stream has brought its verdicts', async () => {
		ask = async () => ({ verdicts: null });
		report(chunk('c', 0));
		await vi.advanceTimersByTimeAsync(1);
		expect(kinds()).toEqual([['c chunk']]);
		ask = accept;
		report(result('a'));
		await vi.advanceTimersByTimeAsync(5);
		expect(kinds()).toEqual([['c chunk'], ['a result']]);
		answerVerdicts({ batch: 1, verdicts: ['accepted'] });
		answerVerdicts({ batch: 2, verdicts: ['accepted'] });
		report(result('b'));
		await vi.advanceTimersByTimeAsync(1);
		expect(asked.at(-1)).toEqual(['b result']);
		expect(kinds()).toHaveLength(2);
		expect(settled).toEqual(['c chunk accepted', 'a result accepted', 'b result accepted']);
	});

	test('stores what is answered with verdicts that do not fit', async () => {
		ask = async () => ({ verdicts: [] });
		report(result('a'));
		await vi.advanceTimersByTimeAsync(1);
		expect(kinds()).toEqual([['a result']]);
		expect(settled).toEqual([]);
	});

	test('does not repeat what waits for its reply', async () => {
		ask = () => new Promise(() => {});
		report(result('a'));
		await vi.advanceTimersByTimeAsync(4_000);
		expect(asked).toHaveLength(1);
		expect(sent).toEqual([]);
	});
});
