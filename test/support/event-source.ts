/** Reads server-sent events as they come, field by field as the standard says, with nothing retried. */

/** One event; `at` is when it was there whole (`performance.now()`). */
export interface ServerEvent {
	/** `message` when the event has no name of its own. */
	readonly event: string;
	readonly id: string | null;
	readonly data: string;
	readonly at: number;
}

/** The events of a `text/event-stream` body, comments left out. Ends with the body. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
	let rest = '';
	for await (const text of body.pipeThrough(new TextDecoderStream())) {
		const blocks = (rest + text).split('\n\n');
		rest = blocks.pop() ?? '';
		for (const block of blocks) {
			const event = toEvent(block);
			if (event !== null) yield event;
		}
	}
}

function toEvent(block: string): ServerEvent | null {
	const fields = block.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
	if (fields.length === 0) return null;
	const valuesOf = (name: string): string[] => fields.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
	return { event: valuesOf('event')[0] ?? 'message', id: valuesOf('id')[0] ?? null, data: valuesOf('data').join('\n'), at: performance.now() };
}
