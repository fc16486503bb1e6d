/** Cuts the next message out of the events that wait to be reported. */
import { EVENT_BATCH_MAX, EVENT_MESSAGE_BYTES_MAX } from '@longshore/shared-schema/limits';

/** An event's share of a message: its part of the head plus its frame. */
export interface SizedEvent {
	readonly headBytes: number;
	readonly frameBytes: number;
}

/** Bytes of a message's head besides its events. */
const ENVELOPE_BYTES = 512;

/** How many events from the front of `queue` fit one message: at least one, so that nothing can stand in the way for ever. */
export function countForMessage(queue: readonly SizedEvent[], bytesMax: number = EVENT_MESSAGE_BYTES_MAX): number {
	let bytes = ENVELOPE_BYTES;
	let count = 0;
	for (const event of queue) {
		bytes += event.headBytes + event.frameBytes;
		if (count > 0 && (bytes > bytesMax || count === EVENT_BATCH_MAX)) break;
		count++;
	}
	return count;
}
