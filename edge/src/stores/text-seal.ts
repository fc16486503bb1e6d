/**
 * Seals tenants' texts on their way into storage (AES-256-CTR), so that destroying a key erases every copy that SQLite's free pages and
 * its log still hold. It knows keys by number and stores none.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-ctr';
const BLOCK_BYTES = 16;
/** A sealed text begins with the counter block that it starts at. */
const HEAD_BYTES = BLOCK_BYTES;
const PREFIX_BYTES = 8;
/** Key stream made at once: a call into the runtime's cryptography costs as much as kilobytes of key stream. */
const PAD_BYTES = 64 * 1024;
/** Key stream kept per key, so that a text read soon after it was written costs no call either. */
const PADS_KEPT = 8;
/** Longer texts get a call of their own. */
const PAD_TEXT_BYTES_MAX = 8 * 1024;
const ZEROS = new Uint8Array(PAD_BYTES);

/** A key and its number. Numbers rise; 0 stands for texts that are not sealed, from before there were keys. */
export interface TextKey {
	readonly gen: number;
	/** 32 bytes. */
	readonly key: Uint8Array;
}

interface Pad {
	readonly firstBlock: number;
	readonly words: Uint32Array;
}

/** One key at work. Counter blocks are never used twice: a random prefix for each object's life, and a block number that only rises. */
class KeyInUse {
	readonly #key: Uint8Array;
	readonly #prefix = new Uint8Array(randomBytes(PREFIX_BYTES));
	#nextBlock = 0;
	#pads: Pad[] = [];

	constructor(key: Uint8Array) {
		this.#key = key;
	}

	seal(text: Uint8Array): Uint8Array {
		const blocks = Math.ceil(text.length / BLOCK_BYTES);
		if (text.length > PAD_TEXT_BYTES_MAX) {
			const sealed = new Uint8Array(HEAD_BYTES + text.length);
			this.#writeHead(sealed, this.#takeBlocks(blocks));
			sealed.set(createCipheriv(CIPHER, this.#key, sealed.subarray(0, HEAD_BYTES)).update(text), HEAD_BYTES);
			return sealed;
		}
		const pad = this.#padWith(blocks);
		const from = this.#takeBlocks(blocks);
		const sealed = new Uint8Array(HEAD_BYTES + blocks * BLOCK_BYTES);
		this.#writeHead(sealed, from);
		sealed.set(text, HEAD_BYTES);
		mix(new Uint32Array(sealed.buffer, HEAD_BYTES), pad, from);
		return sealed.subarray(0, HEAD_BYTES + text.length);
	}

	open(sealed: Uint8Array): Uint8Array {
		const length = sealed.length - HEAD_BYTES;
		const pad = this.#padOf(sealed, length);
		if (pad === null) return createDecipheriv(CIPHER, this.#key, sealed.subarray(0, HEAD_BYTES)).update(sealed.subarray(HEAD_BYTES));
		const text = new Uint8Array(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES);
		text.set(sealed.subarray(HEAD_BYTES));
		mix(new Uint32Array(text.buffer), pad, blockOf(sealed));
		return text.subarray(0, length);
	}

	#takeBlocks(blocks: number): number {
		const from = this.#nextBlock;
		this.#nextBlock += blocks;
		return from;
	}

	/** A pad whose unused rest holds this many blocks, from the next block on. */
	#padWith(blocks: number): Pad {
		const last = this.#pads.at(-1);
		if (last !== undefined && holds(last, this.#nextBlock, blocks * BLOCK_BYTES)) return last;
		const head = new Uint8Array(HEAD_BYTES);
		this.#writeHead(head, this.#nextBlock);
		const stream = createCipheriv(CIPHER, this.#key, head).update(ZEROS);
		const pad = { firstBlock: this.#nextBlock, words: new Uint32Array(Uint8Array.from(stream).buffer) };
		this.#pads = [...this.#pads.slice(1 - PADS_KEPT), pad];
		return pad;
	}

	#padOf(sealed: Uint8Array, length: number): Pad | null {
		for (let i = 0; i < PREFIX_BYTES; i++) if (sealed[i] !== this.#prefix[i]) return null;
		const block = blockOf(sealed);
		return this.#pads.find((pad) => holds(pad, block, length)) ?? null;
	}

	#writeHead(head: Uint8Array, block: number): void {
		head.set(this.#prefix);
		new DataView(head.buffer, head.byteOffset).setBigUint64(PREFIX_BYTES, BigInt(block));
	}
}

/** The keys of one object. */
export class TextSeal {
	readonly #keys = new Map<number, KeyInUse>();

	add({ gen, key }: TextKey): void {
		this.#keys.set(gen, new KeyInUse(key));
	}

	forget(gen: number): void {
		this.#keys.delete(gen);
	}

	/** The text as it goes into storage. */
	seal(gen: number, text: Uint8Array): Uint8Array {
		return gen === 0 ? text : this.#key(gen).seal(text);
	}

	/** The text of a stored value. One that was stored as text was never sealed. */
	open(gen: number, stored: string | ArrayBuffer | Uint8Array): Uint8Array {
		if (typeof stored === 'string') return new TextEncoder().encode(stored);
		const bytes = stored instanceof Uint8Array ? stored : new Uint8Array(stored);
		return gen === 0 ? bytes : this.#key(gen).open(bytes);
	}

	#key(gen: number): KeyInUse {
		const key = this.#keys.get(gen);
		if (key === undefined) throw new Error(`the key ${gen} of a stored text is gone`);
		return key;
	}
}

/** By how much a text grows when it is sealed with a key. */
export function sealBytes(gen: number): number {
	return gen === 0 ? 0 : HEAD_BYTES;
}

function blockOf(sealed: Uint8Array): number {
	return Number(new DataView(sealed.buffer, sealed.byteOffset).getBigUint64(PREFIX_BYTES));
}

function holds(pad: Pad, block: number, length: number): boolean {
	const at = (block - pad.firstBlock) * BLOCK_BYTES;
	return at >= 0 && at + length <= PAD_BYTES;
}

/** Mixes the key stream from `block` on into whole blocks. */
function mix(words: Uint32Array, { firstBlock, words: stream }: Pad, block: number): void {
	const from = (block - firstBlock) * (BLOCK_BYTES / 4);
	for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) ^ (stream[from + i] as number);
}
