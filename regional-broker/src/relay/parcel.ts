/** One event message on its way to the edge: opened, checked, and put together with others into the edge's batches. */
import { EVENT_BATCH_BYTES_MAX, EVENT_BATCH_MAX } from '@longshore/shared-schema/limits';
import { eventMessageHead } from '@longshore/shared-schema/wire/bus';
import { decodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent } from '@longshore/shared-schema/wire/region';
import type { PulledMessage } from '../bus/bus.ts';

export interface Parcel {
	readonly hostId: string;
	readonly hostBoot: string;
	readonly batch: number;
	readonly events: readonly JobEvent[];
	/** All frames of the events, in order, as they came. */
	readonly frames: Uint8Array;
	/** The newest delivery of the message. */
	message: PulledMessage;
}

/** Some of a parcel's events, with their frames. */
export interface Slice {
	readonly events: readonly JobEvent[];
	readonly frames: Uint8Array;
	readonly storedAtMs: number;
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

/** Opens a message. Throws when it is not a well-formed batch of the host whose subject it came on. */
export function openParcel(message: PulledMessage): Parcel {
	const { head, rest } = decodeFramed(message.data, decode);
	const { hostId, hostBoot, batch, events } = eventMessageHead.parse(head);
	if (message.subject !== `events.${hostId}`) throw new Error(`events of host ${hostId} came on ${message.subject}`);
	const framed = events.reduce((sum, event) => sum + frameBytes(event), 0);
	if (framed !== rest.length) throw new Error(`events announce ${framed} frame bytes, the message has ${rest.length}`);
	return { hostId, hostBoot, batch, events, frames: rest, message };
}

/** The parcel as one slice, or in as many as the edge's limit of events asks for; `size` 1 gives every event alone. */
export function sliceParcel(parcel: Parcel, size: number = EVENT_BATCH_MAX): Slice[] {
	if (parcel.events.length <= size) return [{ events: parcel.events, frames: parcel.frames, storedAtMs: parcel.message.storedAtMs }];
	const slices: Slice[] = [];
	let at = 0;
	for (let i = 0; i < parcel.events.length; i += size) {
		const events = parcel.events.slice(i, i + size);
		const end = at + events.reduce((sum, event) => sum + frameBytes(event), 0);
		slices.push({ events, frames: parcel.frames.subarray(at, end), storedAtMs: parcel.message.storedAtMs });
		at = end;
	}
	return slices;
}

/** Whether `parcel` still fits behind what is gathered. The head line is counted at a generous estimate an event. */
export function fits(events: number, bytes: number, parcel: Parcel): boolean {
	return events + parcel.events.length <= EVENT_BATCH_MAX && bytes + parcelBytes(parcel) <= EVENT_BATCH_BYTES_MAX;
}

/** The message's own size: its head line is about as long as its share of the batch's. */
export function parcelBytes(parcel: Parcel): number {
	return parcel.message.data.length + 16 * parcel.events.length;
}

/** Body of `POST events`. Each event's age grows by the time that it waited here. */
export function encodeBatch(slices: readonly Slice[], nowMs: number): Buffer {
	const events: JobEvent[] = [];
	let size = 0;
	for (const slice of slices) {
		const waitedMs = Math.max(0, nowMs - slice.storedAtMs);
		for (const event of slice.events) events.push({ ...event, agoMs: event.agoMs + waitedMs });
		size += slice.frames.length;
	}
	const line = Buffer.from(`${JSON.stringify({ events })}\n`);
	return Buffer.concat([line, ...slices.map((slice) => slice.frames)], line.length + size);
}

function frameBytes(event: JobEvent): number {
	return 'bytes' in event ? (event.bytes ?? 0) : 0;
}
