/** One try of a webhook: a POST that follows no redirect, and as much of the answer as its status needs. */

/** Why a try had no answer. `address`: the URL is not allowed. `connection`: none, be it that the address behind the name is not allowed. */
export type TryError = 'timeout' | 'connection' | 'address';

/** What is kept of a try: never the receiver's body. */
export interface TryOutcome {
	readonly status: number | null;
	readonly error: TryError | null;
	readonly retryAfterMs: number | null;
}

/** Bytes of an answer that are read, and thrown away, so that its connection can be used again. */
const ANSWER_BYTES_MAX = 4_096;

/** Never throws. The deadline covers the connection, the request and what is read of the answer. */
export async function deliver(url: string, headers: Record<string, string>, body: BodyInit, timeoutMs: number): Promise<TryOutcome> {
	const signal = AbortSignal.timeout(timeoutMs);
	try {
		const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
		// The status has come: an answer that breaks off behind it changes nothing, one that dawdles ends with the deadline.
		await discard(response).catch(() => undefined);
		return { status: response.status, error: null, retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()) };
	} catch {
		// The runtime says no more than that there is no connection, and logs the rest itself.
		return { status: null, error: signal.aborted ? 'timeout' : 'connection', retryAfterMs: null };
	}
}

/** `Retry-After` as a pause: seconds or an HTTP date. Null when there is none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
	if (header === null) return null;
	if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
	const at = Date.parse(header);
	return Number.isNaN(at) ? null : Math.max(0, at - now);
}

async function discard(response: Response): Promise<void> {
	const reader = response.body?.getReader();
	if (reader === undefined) return;
	for (let size = 0; size < ANSWER_BYTES_MAX; ) {
		const part = await reader.read();
		if (part.done) return;
		size += (part.value as Uint8Array).length;
	}
	await reader.cancel();
}
