/** A host's events on their way to the edge: opened, checked, and put together with others into the edge's batches. */
import { EVENT_BATCH_BYTES_MAX, EVENT_BATCH_MAX } from '@longshore/shared-schema/limits';
import { eventMessageHead } from '@longshore/shared-schema/wire/bus';
import { decodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent } from '@longshore/shared-schema/wire/region';

/** The events of one message, whichever way it came. */
export interface Parcel {
	readonly hostId: string;
	readonly hostBoot: string;
	readonly batch: number;
	readonly events: readonly JobEvent[];
	/** All frames of the events, in order, as they came. */
	readonly frames: Uint8Array;
	/** Of the message. */
	readonly bytes: number;
	/** When this region had it, epoch milliseconds: the age of its events counts from there. */
	readonly storedAtMs: number;
}

/** Some of a parcel's events, with their frames. */
export interface Slice {
	readonly events: readonly JobEvent[];
	readonly frames: Uint8Array;
	readonly storedAtMs: number;
}

const decode = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

/** Opens a message. Throws when it is not a well-formed batch of the host whose subject (`<prefix>.<host>`) it came on. */
export function openParcel(subject: string, data: Uint8Array, storedAtMs: number): Parcel {
	const { head, rest } = decodeFramed(data, decode);
	const { hostId, hostBoot, batch, events } = eventMessageHead.parse(head);
	if (subject.slice(subject.indexOf('.') + 1) !== hostId) throw new Error(`events of host ${hostId} came on ${subject}`);
	const framed = events.reduce((sum, event) => sum + frameBytes(event), 0);
	if (framed !== rest.length) throw new Error(`events announce ${framed} frame bytes, the message has ${rest.length}`);
	return { hostId, hostBoot, batch, events, frames: rest, bytes: data.length, storedAtMs };
}

/** The parcel as one slice, or in as many as the edge's limit of events asks for; `size` 1 gives every event alone. */
export function sliceParcel(parcel: Parcel, size: number = EVENT_BATCH_MAX): Slice[] {
	if (parcel.events.length <= size) return [parcel];
	const slices: Slice[] = [];
	let at = 0;
	for (let i = 0; i < parcel.events.length; i += size) {
		const events = parcel.events.slice(i, i + size);
		const end = at + events.reduce((sum, event) => sum + frameBytes(event), 0);
		slices.push({ events, frames: parcel.frames.subarray(at, end), storedAtMs: parcel.storedAtMs });
		at = end;
	}
	return slices;
}

/** Started attempts of a parcel, `<job>.<epoch>` by endpoint. */
export function startedIn(parcel: Parcel): Map<string, string[]> {
	const started = new Map<string, string[]>();
	for (const event of parcel.events) {
		if (event.kind !== 'started') continue;
		const key = `${event.id}.${event.epoch}`;
		if (started.get(event.endpointId)?.push(key) === undefined) started.set(event.endpointId, [key]);
	}
	return started;
}

/** Whether `parcel` still fits behind what is gathered. The head line is counted at a generous estimate an event. */
export function fits(events: number, bytes: number, parcel: Parcel): boolean {
	return events + parcel.events.length <= EVENT_BATCH_MAX && bytes + parcelBytes(parcel) <= EVENT_BATCH_BYTES_MAX;
}

/** The message's own size: its head line is about as long as its share of the batch's. */
export function parcelBytes(parcel: Parcel): number {
	return parcel.bytes + 16 * parcel.events.length;
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
