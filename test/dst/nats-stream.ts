/** One stream's messages: which are there, which ids were seen, and how much of it a power cut leaves. */

/** A message of a stream. */
export interface StreamMessage {
	readonly seq: number;
	readonly subject: string;
	readonly data: Uint8Array;
	readonly messageId: string;
	readonly storedAt: number;
}

/** A stream's messages, and what of them is surely on disk. */
export class Stream {
	readonly messages = new Map<number, StreamMessage>();
	readonly ids = new Map<string, { seq: number; at: number }>();
	lastSeq = 0;
	syncedSeq = 0;
	readonly #dedupeMs: number;

	constructor(dedupeMs: number) {
		this.#dedupeMs = dedupeMs;
	}

	store(subject: string, data: Uint8Array, messageId: string, now: number): { seq: number; duplicate: boolean } {
		const known = this.ids.get(messageId);
		if (known !== undefined && now - known.at < this.#dedupeMs) return { seq: known.seq, duplicate: true };
		const seq = ++this.lastSeq;
		this.messages.set(seq, { seq, subject, data, messageId, storedAt: now });
		this.ids.set(messageId, { seq, at: now });
		if (this.ids.size > 4_000) for (const [id, { at }] of this.ids) if (now - at >= this.#dedupeMs) this.ids.delete(id);
		return { seq, duplicate: false };
	}

	/** Forgets what came after the last sync; the sequence goes on from there, as the server's does. */
	loseTail(): number {
		let lost = 0;
		for (const seq of [...this.messages.keys()]) if (seq > this.syncedSeq && this.messages.delete(seq)) lost++;
		for (const [id, { seq }] of [...this.ids]) if (seq > this.syncedSeq) this.ids.delete(id);
		this.lastSeq = this.syncedSeq;
		return lost;
	}

	sync(): void {
		this.syncedSeq = this.lastSeq;
	}
}
