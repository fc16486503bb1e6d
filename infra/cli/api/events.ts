/** Server-sent events as they come; a stream that breaks off is taken up again behind its last event. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { ApiClient } from './client.ts';

/** One event; `message` when it has no name of its own. */
export interface StreamEvent {
	readonly event: string;
	readonly id: string | null;
	readonly data: string;
}

const RETRY_MS = 1_000;
/** Attempts in a row that bring nothing. */
const TRIES_MAX = 5;
/** The edge writes at least every 20 s. */
const SILENCE_MS = 60_000;

/** Events of `path` until the one named `end`. Throws `Failure` when the stream cannot be had any more. */
export async function* followEvents(client: ApiClient, path: string): AsyncGenerator<StreamEvent> {
	let lastId: string | null = null;
	for (let tries = 0; ; tries++) {
		const idle = new AbortController();
		try {
			const headers = { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) };
			const response = await client.open('GET', path, { headers, timeoutMs: 2 ** 31 - 1, signal: idle.signal });
			for await (const event of eventsOf(response, idle)) {
				if (event.event === 'end') return;
				lastId = event.id ?? lastId;
				tries = 0;
				yield event;
			}
		} catch (error) {
			// What the API refuses is not mended by asking again; a connection may be.
			if (error instanceof Failure || tries >= TRIES_MAX) throw error;
		}
		await sleep(RETRY_MS);
	}
}

async function* eventsOf(response: Response, idle: AbortController): AsyncGenerator<StreamEvent> {
	const decoder = new TextDecoder();
	let rest = '';
	let timer = setTimeout(() => idle.abort(new Error('the stream fell silent')), SILENCE_MS);
	try {
		for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
			clearTimeout(timer);
			timer = setTimeout(() => idle.abort(new Error('the stream fell silent')), SILENCE_MS);
			const blocks = (rest + decoder.decode(part, { stream: true })).split('\n\n');
			rest = blocks.pop() ?? '';
			for (const block of blocks) {
				const event = toEvent(block);
				if (event !== null) yield event;
			}
		}
	} finally {
		clearTimeout(timer);
	}
}

function toEvent(block: string): StreamEvent | null {
	const fields = new Map<string, string>();
	for (const line of block.split('\n')) {
		const at = line.indexOf(':');
		if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ''));
	}
	return fields.size === 0 ? null : { event: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data: fields.get('data') ?? '' };
}
