/** Payload, output and stream texts of jobs, sealed: small ones in the job's row, large ones in chunk rows of at most 1 MiB. */
import { CHUNK_ROW_BYTES, INLINE_PAYLOAD_BYTES_MAX, ROW_TEXT_BYTES_MAX } from '@longshore/shared-schema/limits';
import { sealBytes, type TextSeal } from './text-seal.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS chunks (
	job INTEGER NOT NULL, kind TEXT NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL,
	UNIQUE (job, kind, epoch, n)
);
`;

/** `payload` has epoch 0; `output` and `stream` belong to an attempt. */
type ChunkKind = 'payload' | 'output' | 'stream';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One yielded value of a generator. */
export interface StreamChunk {
	readonly n: number;
	readonly text: string;
}

/** Whether a text is small enough for a column of its job's row. */
export function fitsInRow(bytes: Uint8Array): boolean {
	return bytes.length <= ROW_TEXT_BYTES_MAX;
}

/** Reads and writes the texts of jobs by row number. Synchronous, but for the streams. */
export class TextTable {
	readonly #sql: SqlStorage;
	readonly #seal: TextSeal;

	constructor(sql: SqlStorage, seal: TextSeal) {
		this.#sql = sql;
		this.#seal = seal;
		sql.exec(SCHEMA);
	}

	/** Stores a payload that is too large for its row. */
	addPayload(job: number, payload: Uint8Array): void {
		this.#addChunks(job, 'payload', 0, payload);
	}

	/** The whole payload as bytes. */
	payload(job: number): Uint8Array {
		return this.#column(job, 'payload') ?? this.#joined(job, 'payload', 0);
	}

	/** The payload of a dispatch; null when it is fetched by pointer, and then it is not read either. */
	inlinePayload(job: number, payloadBytes: number): Uint8Array | null {
		return payloadBytes > INLINE_PAYLOAD_BYTES_MAX ? null : this.payload(job);
	}

	/** The n-th part of a payload; null behind the last. */
	payloadPart(job: number, n: number): Uint8Array | null {
		const payload = this.#column(job, 'payload');
		if (payload !== null) return n === 0 ? payload : null;
		const [row] = this.#sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM chunks WHERE job = ? AND kind = 'payload' AND epoch = 0 AND n = ?", job, n);
		return row === undefined ? null : this.#seal.open(this.#keyOf(job), row.bytes);
	}

	/** Makes `bytes` the job's output (or, while it runs, its latest progress), in place of what was there. */
	setOutput(job: number, epoch: number, bytes: Uint8Array): void {
		this.#sql.exec("DELETE FROM chunks WHERE job = ? AND kind = 'output'", job);
		const inRow = fitsInRow(bytes) ? this.#seal.seal(this.#keyOf(job), bytes) : null;
		this.#sql.exec('UPDATE jobs SET output = ?, output_bytes = ?, output_epoch = ? WHERE n = ?', inRow, bytes.length, epoch, job);
		if (inRow === null) this.#addChunks(job, 'output', epoch, bytes);
	}

	/** Stores part `part` of an output that arrives before its result report; part 0 begins anew and ends what large progress was shown. */
	addUpload(job: number, epoch: number, part: number, bytes: Uint8Array): void {
		if (part === 0) {
			this.#sql.exec('UPDATE jobs SET output_bytes = NULL, output_epoch = NULL WHERE n = ? AND output IS NULL', job);
			this.#sql.exec("DELETE FROM chunks WHERE job = ? AND kind = 'output' AND epoch = ?", job, epoch);
		}
		const { n } = this.#sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM chunks WHERE job = ? AND kind = 'output' AND epoch = ?", job, epoch).one();
		this.#addChunks(job, 'output', epoch, bytes, n);
	}

	/** Makes an uploaded output the job's output. False when it is not there in that size. */
	adoptUpload(job: number, epoch: number, bytes: number): boolean {
		const { size, parts } = this.#sql
			.exec<{ size: number | null; parts: number }>("SELECT SUM(LENGTH(bytes)) AS size, COUNT(*) AS parts FROM chunks WHERE job = ? AND kind = 'output' AND epoch = ?", job, epoch)
			.one();
		if ((size ?? 0) - parts * sealBytes(this.#keyOf(job)) !== bytes) return false;
		this.#sql.exec('UPDATE jobs SET output = NULL, output_bytes = ?, output_epoch = ? WHERE n = ?', bytes, epoch, job);
		return true;
	}

	/** Forgets the latest progress: a result without an output has none. */
	clearOutput(job: number): void {
		this.#sql.exec('UPDATE jobs SET output = NULL, output_bytes = NULL, output_epoch = NULL WHERE n = ?', job);
		this.#sql.exec("DELETE FROM chunks WHERE job = ? AND kind = 'output'", job);
	}

	/** Forgets what an earlier attempt left: progress, uploads and stream chunks. */
	clearAttempt(job: number): void {
		this.#sql.exec('UPDATE jobs SET output = NULL, output_bytes = NULL, output_epoch = NULL, stream_from = 0 WHERE n = ?', job);
		this.#sql.exec("DELETE FROM chunks WHERE job = ? AND kind IN ('output', 'stream')", job);
	}

	/** A small output's text, or null when it lies in chunk rows. */
	outputInRow(job: number): string | null {
		const output = this.#column(job, 'output');
		return output === null ? null : decoder.decode(output);
	}

	/** The n-th part of a large output; null behind the last. */
	outputPart(job: number, n: number): Uint8Array | null {
		const [row] = this.#sql.exec<{ bytes: ArrayBuffer }>(
			"SELECT chunks.bytes FROM chunks JOIN jobs ON jobs.n = chunks.job WHERE job = ? AND kind = 'output' AND chunks.epoch = jobs.output_epoch AND chunks.n = ?",
			job,
			n,
		);
		return row === undefined ? null : this.#seal.open(this.#keyOf(job), row.bytes);
	}

	/** Adds the n-th yielded value of the current attempt; a repeat changes nothing. */
	addStreamChunk(job: number, epoch: number, n: number, bytes: Uint8Array): void {
		const sealed = this.#seal.seal(this.#keyOf(job), bytes);
		this.#sql.exec("INSERT OR IGNORE INTO chunks (job, kind, epoch, n, bytes) VALUES (?, 'stream', ?, ?, ?)", job, epoch, n, sealed);
	}

	/** Stream chunks from number `from` on, at most about `bytesMax` of text but at least one when there is any; `more` when that cut some off. */
	streamChunks(job: number, from: number, bytesMax: number): { chunks: StreamChunk[]; more: boolean } {
		const chunks: StreamChunk[] = [];
		const keyGen = this.#keyOf(job);
		let size = 0;
		for (const row of this.#sql.exec<{ n: number; bytes: ArrayBuffer }>("SELECT n, bytes FROM chunks WHERE job = ? AND kind = 'stream' AND n >= ? ORDER BY n", job, from)) {
			if (size >= bytesMax) return { chunks, more: true };
			chunks.push({ n: row.n, text: decoder.decode(this.#seal.open(keyGen, row.bytes)) });
			size += row.bytes.byteLength;
		}
		return { chunks, more: false };
	}

	/** Number of the first chunk that the classic drain has not handed out. */
	streamFrom(job: number): number {
		return this.#sql.exec<{ from: number }>('SELECT stream_from AS "from" FROM jobs WHERE n = ?', job).one().from;
	}

	setStreamFrom(job: number, from: number): void {
		this.#sql.exec('UPDATE jobs SET stream_from = ? WHERE n = ?', from, job);
	}

	remove(job: number): void {
		this.#sql.exec('DELETE FROM chunks WHERE job = ?', job);
	}

	/** Seals the chunks of a job with another key; the job's row is the caller's. */
	moveToKey(job: number, from: number, to: number): void {
		const keys = this.#sql.exec<{ rowid: number }>('SELECT rowid FROM chunks WHERE job = ?', job).toArray();
		for (const { rowid } of keys) {
			const { bytes } = this.#sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM chunks WHERE rowid = ?', rowid).one();
			this.#sql.exec('UPDATE chunks SET bytes = ? WHERE rowid = ?', this.#seal.seal(to, this.#seal.open(from, bytes)), rowid);
		}
	}

	#addChunks(job: number, kind: ChunkKind, epoch: number, bytes: Uint8Array, firstN = 0): void {
		const keyGen = this.#keyOf(job);
		for (let at = 0, n = firstN; at < bytes.length; at += CHUNK_ROW_BYTES, n++) {
			const part = bytes.subarray(at, at + CHUNK_ROW_BYTES);
			this.#sql.exec('INSERT INTO chunks (job, kind, epoch, n, bytes) VALUES (?, ?, ?, ?, ?)', job, kind, epoch, n, this.#seal.seal(keyGen, part));
		}
	}

	#joined(job: number, kind: ChunkKind, epoch: number): Uint8Array {
		const keyGen = this.#keyOf(job);
		const parts = this.#sql
			.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM chunks WHERE job = ? AND kind = ? AND epoch = ? ORDER BY n', job, kind, epoch)
			.toArray()
			.map(({ bytes }) => this.#seal.open(keyGen, bytes));
		const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
		let at = 0;
		for (const part of parts) {
			whole.set(part, at);
			at += part.length;
		}
		return whole;
	}

	#keyOf(job: number): number {
		return this.#sql.exec<{ key_gen: number }>('SELECT key_gen FROM jobs WHERE n = ?', job).one().key_gen;
	}

	#column(job: number, name: 'payload' | 'output'): Uint8Array | null {
		const { stored, key_gen } = this.#sql.exec<{ stored: string | ArrayBuffer | null; key_gen: number }>(`SELECT ${name} AS stored, key_gen FROM jobs WHERE n = ?`, job).one();
		return stored === null ? null : this.#seal.open(key_gen, stored);
	}
}
