/** Ids of endpoints, accounts, batches and what accounts have: 14 lower-case letters and digits as RunPod's, of which the last 5 are a keyed check of the rest. */
import { randomInt } from 'node:crypto';
import { macOf } from './mac.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const RANDOM_CHARS = 9;
const CHECK_CHARS = 5;

/** What an id names; an id of one kind is not one of another. */
export type IdKind = 'endpoint' | 'account' | 'batch' | 'template' | 'volume' | 'registry' | 'secret';

/** A new id. */
export function createCheckedId(keyBase64: string, kind: IdKind): string {
	let random = '';
	for (let i = 0; i < RANDOM_CHARS; i++) random += ALPHABET[randomInt(ALPHABET.length)];
	return random + checkOf(keyBase64, kind, random);
}

/** Whether this edge made the id. */
export function isCheckedId(keyBase64: string, kind: IdKind, id: string): boolean {
	return /^[a-z0-9]{14}$/.test(id) && id.slice(RANDOM_CHARS) === checkOf(keyBase64, kind, id.slice(0, RANDOM_CHARS));
}

function checkOf(keyBase64: string, kind: IdKind, random: string): string {
	const mac = macOf(keyBase64, `${kind}/${random}`, CHECK_CHARS);
	return Array.from(mac, (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
