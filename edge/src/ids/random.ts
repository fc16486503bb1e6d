/** Random bytes and texts for ids, tokens and nonces, drawn from the system by the page: a call for each was one part in twenty of a submit. */
import { randomBytes } from 'node:crypto';

const PAGE_BYTES = 4_096;
let page = new Uint8Array(0);
let used = 0;

/** `count` fresh random bytes, at most a page of them; nobody else gets the same ones. */
export function takeRandom(count: number): Uint8Array {
	if (count > PAGE_BYTES) throw new RangeError(`${count} random bytes asked for, at most ${PAGE_BYTES} come at once`);
	if (used + count > page.length) {
		page = new Uint8Array(randomBytes(PAGE_BYTES));
		used = 0;
	}
	const taken = page.slice(used, used + count);
	used += count;
	return taken;
}

/** `count` random bytes in URL-safe base64. */
export function randomText(count: number): string {
	return Buffer.from(takeRandom(count)).toString('base64url');
}
