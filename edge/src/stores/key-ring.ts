/**
 * The keys that one store's texts are sealed with, and nothing else: an object of its own, because only a database this small can really
 * forget. A key's place is overwritten, and then the object closes, which folds SQLite's log into the file and deletes it.
 */
import { DurableObject } from 'cloudflare:workers';
import { randomBytes } from 'node:crypto';
import type { Env } from '../env.ts';
import type { TextKey } from './text-seal.ts';

/** Places for keys, all made at once and never moved: they fit one page, so that writing a place overwrites what was in it. */
const PLACES = 64;
const GEN_BYTES = 8;
const KEY_BYTES = 32;
/** The alarm that closes an object whose process died between overwriting and closing. */
const CLOSE_BY_MS = 5_000;

/** Durable Object, one per store that keeps texts, named by that store's id. */
export class KeyRing extends DurableObject<Env> {
	readonly #sql: SqlStorage;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
	}

	/** All keys. */
	list(): TextKey[] {
		this.#sql.exec('CREATE TABLE IF NOT EXISTS keys (place INTEGER PRIMARY KEY, cell BLOB NOT NULL)');
		const cells = this.#sql.exec<{ cell: ArrayBuffer }>('SELECT cell FROM keys').toArray();
		if (cells.length === 0) for (let place = 1; place <= PLACES; place++) this.#sql.exec('INSERT INTO keys (place, cell) VALUES (?, zeroblob(?))', place, GEN_BYTES + KEY_BYTES);
		return cells.map(({ cell }) => ({ gen: genOf(cell), key: new Uint8Array(cell.slice(GEN_BYTES)) })).filter(({ gen }) => gen !== 0);
	}

	/** Makes the key `gen`, or gives the one there is. Throws when every place is taken: there is no cause for that but a fault. */
	add(gen: number): TextKey {
		const known = this.list().find((one) => one.gen === gen);
		if (known !== undefined) return known;
		const key = new Uint8Array(randomBytes(KEY_BYTES));
		const cell = new Uint8Array(GEN_BYTES + KEY_BYTES);
		new DataView(cell.buffer).setBigUint64(0, BigInt(gen));
		cell.set(key, GEN_BYTES);
		if (this.#overwrite(0, cell) === 0) throw new Error('no place for another key');
		return { gen, key };
	}

	/** Destroys keys: when this object has closed, none of its files holds them any more. */
	async destroy(gens: readonly number[]): Promise<void> {
		this.list();
		const zeros = new Uint8Array(GEN_BYTES + KEY_BYTES);
		for (const gen of gens) this.#overwrite(gen, zeros);
		await this.ctx.storage.setAlarm(Date.now() + CLOSE_BY_MS);
		await this.ctx.storage.sync();
		this.#close();
	}

	/** The store is gone, and with it every key. */
	async remove(): Promise<void> {
		await this.ctx.storage.deleteAll();
		this.#close();
	}

	override alarm(): void {
		this.#close();
	}

	/** Writes the place that holds key `gen` (0: the first free one); how many places that were. */
	#overwrite(gen: number, cell: Uint8Array): number {
		const taken = this.#sql.exec<{ place: number; cell: ArrayBuffer }>('SELECT place, cell FROM keys ORDER BY place').toArray();
		const place = taken.find((one) => genOf(one.cell) === gen)?.place;
		return place === undefined ? 0 : this.#sql.exec('UPDATE keys SET cell = ? WHERE place = ?', cell, place).rowsWritten;
	}

	/** Ends this object after the current call's answer; the next call starts it anew. */
	#close(): void {
		setTimeout(() => this.ctx.abort('closed, so that its log is folded away'), 0);
	}
}

function genOf(cell: ArrayBuffer): number {
	return Number(new DataView(cell).getBigUint64(0));
}
