/** Reads what JetStream writes into the reply subject of a delivered message, so that no extra header or request is needed. */

/** Where a message stands: how often it was delivered, its place in the stream and when the stream took it. */
export interface DeliveryInfo {
	readonly delivered: number;
	readonly streamSeq: number;
	readonly storedAtMs: number;
}

const PREFIX = '$JS.ACK.';
/** Tokens of `$JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<consumer seq>.<time>.<pending>`; longer forms put domain and account in front. */
const SHORT_TOKENS = 9;
const LONG_OFFSET = 2;

/** True for the reply subject of a JetStream delivery, false for status messages. */
export function isAckSubject(reply: string | undefined): reply is string {
	return reply?.startsWith(PREFIX) === true;
}

/** The delivery that an acknowledgement subject describes, or null when it is not one. */
export function parseAckSubject(reply: string): DeliveryInfo | null {
	if (!reply.startsWith(PREFIX)) return null;
	const tokens = reply.split('.');
	const offset = tokens.length === SHORT_TOKENS ? 0 : LONG_OFFSET;
	const delivered = Number(tokens[4 + offset]);
	const streamSeq = Number(tokens[5 + offset]);
	const nanos = tokens[7 + offset];
	if (tokens.length < SHORT_TOKENS || nanos === undefined || !/^\d{7,}$/.test(nanos) || !Number.isInteger(delivered) || !Number.isInteger(streamSeq)) return null;
	return { delivered, streamSeq, storedAtMs: Number(nanos.slice(0, -3)) / 1_000 };
}
