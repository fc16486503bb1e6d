/** API keys: `lsk_` + account id (14) + 32 random base62 characters + CRC-32 in base62 (6), so that a mistyped key costs no storage read. */
import { createHash, randomInt } from 'node:crypto';
import { isCheckedId } from '../ids/checked-id.ts';

const PREFIX = 'lsk_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ACCOUNT_CHARS = 14;
const RANDOM_CHARS = 32;
const CHECK_CHARS = 6;
const LENGTH = PREFIX.length + ACCOUNT_CHARS + RANDOM_CHARS + CHECK_CHARS;

/** What a well-formed key says: whose it may be, and what is stored of it. */
export interface KeyClaim {
	readonly accountId: string;
	/** SHA-256, hex. */
	readonly hash: string;
}

/** A new key of an account: 190 random bits. */
export function createApiKey(accountId: string): string {
	let key = PREFIX + accountId;
	for (let i = 0; i < RANDOM_CHARS; i++) key += ALPHABET[randomInt(ALPHABET.length)];
	return key + checksum(key);
}

/** The claim of a key, or null when it cannot be one of ours. */
export function readApiKey(idKey: string, key: string): KeyClaim | null {
	if (key.length !== LENGTH || !key.startsWith(PREFIX)) return null;
	const body = key.slice(0, -CHECK_CHARS);
	if (checksum(body) !== key.slice(-CHECK_CHARS)) return null;
	const accountId = key.slice(PREFIX.length, PREFIX.length + ACCOUNT_CHARS);
	return isCheckedId(idKey, 'account', accountId) ? { accountId, hash: hashApiKey(key) } : null;
}

/** What is stored of a key. A fast hash is right: 190 random bits cannot be guessed. */
export function hashApiKey(key: string): string {
	return createHash('sha256').update(key).digest('hex');
}

function checksum(text: string): string {
	let crc = 0xffffffff;
	for (let i = 0; i < text.length; i++) {
		crc ^= text.charCodeAt(i);
		for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
	}
	let value = (crc ^ 0xffffffff) >>> 0;
	let out = '';
	for (let i = 0; i < CHECK_CHARS; i++) {
		out = ALPHABET[value % ALPHABET.length] + out;
		value = Math.floor(value / ALPHABET.length);
	}
	return out;
}
