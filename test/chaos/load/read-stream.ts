/** Reads a job's chunks as server-sent events, from the start to the end; what breaks off counts as not heard to the end. */
import type { History } from '../history/write-history.ts';

const TIMEOUT_MS = 60_000;

export async function readStream(url: string, key: string, id: string, history: History): Promise<void> {
	const at = Date.now();
	const chunks: number[] = [];
	let whole = false;
	let text = '';
	try {
		const response = await fetch(url, { headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream' }, signal: AbortSignal.timeout(TIMEOUT_MS) });
		if (response.status !== 200 || response.body === null) return;
		const decoder = new TextDecoder();
		for await (const part of response.body) text += decoder.decode(part as Uint8Array, { stream: true });
		whole = text.includes('event: end');
	} catch {
		// The connection broke: what came before it must be right all the same.
	}
	for (const [, n] of text.matchAll(/^id: \d+\.(\d+)$/gm)) chunks.push(Number(n));
	history.add({ is: 'stream', at, id, chunks, whole });
}
