/** A webhook's body, put together from a job's rows part by part: its status answer, then `input` as it was sent, then `webhook`. */
import { isExpired } from '@longshore/shared-schema/job/job';
import { INPUT_STARTS_BEHIND_ID, toStatusText } from '@longshore/shared-schema/wire/runpod-job';
import type { JobRow } from './job-table.ts';
import type { StoreParts } from './store-parts.ts';
import type { Webhook } from './webhook-table.ts';

/** Bodies up to this size are sent in one piece. Bytes. */
const WHOLE_BYTES_MAX = 1024 * 1024;
const encoder = new TextEncoder();

/** The size in bytes and the parts, which may be read more than once while the job stays as it is. */
export interface WebhookBody {
	readonly size: number;
	parts(): Generator<Uint8Array>;
}

/** The body for a job that has ended. Reading parts throws when the job has expired or started anew in the meantime. */
export function webhookBody(parts: StoreParts, row: JobRow, { url, inputBytes }: Webhook): WebhookBody {
	const { job, n, outputBytes } = row;
	const { head, tail } = toStatusText(job, outputBytes !== null);
	const before = encoder.encode(head);
	const between = encoder.encode(`${tail.slice(0, -1)},"input":`);
	const after = encoder.encode(`,"webhook":${JSON.stringify(url)}}`);
	const inputStart = INPUT_STARTS_BEHIND_ID + job.id.length;
	function* read(): Generator<Uint8Array> {
		yield before;
		if (outputBytes !== null) yield* whileSame(parts, row, outputParts(parts, n));
		yield between;
		yield* whileSame(parts, row, slice(payloadParts(parts, n), inputStart, inputBytes));
		yield after;
	}
	return { size: before.length + (outputBytes ?? 0) + between.length + inputBytes + after.length, parts: read };
}

/** The body as `fetch` takes it: small ones whole, large ones part by part with their length known beforehand. */
export function toRequestBody({ size, parts }: WebhookBody): BodyInit {
	if (size > WHOLE_BYTES_MAX) return streamOf(size, parts());
	const whole = new Uint8Array(size);
	let at = 0;
	for (const part of parts()) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

function streamOf(size: number, parts: Generator<Uint8Array>): ReadableStream<Uint8Array> {
	const { readable, writable } = new FixedLengthStream(size);
	// A receiver that hangs up, or a job that is gone: the request ends with the error.
	void writeAll(writable.getWriter(), parts).catch(() => undefined);
	return readable;
}

async function writeAll(writer: WritableStreamDefaultWriter<Uint8Array>, parts: Generator<Uint8Array>): Promise<void> {
	try {
		for (const part of parts) await writer.write(part);
		await writer.close();
	} catch (error) {
		await writer.abort(error);
	}
}

/** Parts between whose reads the job may change. */
function* whileSame(parts: StoreParts, { n, job }: JobRow, texts: Generator<Uint8Array>): Generator<Uint8Array> {
	for (const text of texts) {
		yield text;
		const now = parts.jobs.find(job.id);
		if (now === null || now.n !== n || now.job.endedAt !== job.endedAt || isExpired(now.job, Date.now()))
			throw new Error('the job expired or started anew while its webhook was sent');
	}
}

function* outputParts({ texts }: StoreParts, n: number): Generator<Uint8Array> {
	const inRow = texts.outputInRow(n);
	if (inRow !== null) {
		yield encoder.encode(inRow);
		return;
	}
	for (let i = 0, part = texts.outputPart(n, i); part !== null; part = texts.outputPart(n, ++i)) yield part;
}

function* payloadParts({ texts }: StoreParts, n: number): Generator<Uint8Array> {
	for (let i = 0, part = texts.payloadPart(n, i); part !== null; part = texts.payloadPart(n, ++i)) yield part;
}

/** `length` bytes from `start` of a text that comes in parts. */
function* slice(texts: Generator<Uint8Array>, start: number, length: number): Generator<Uint8Array> {
	let at = 0;
	for (const text of texts) {
		const from = Math.max(0, start - at);
		const to = Math.min(text.length, start + length - at);
		if (to > from) yield text.subarray(from, to);
		at += text.length;
	}
}
