/**
 * Seals texts for storage: AES-256-GCM under a key derived from `LONGSHORE_SEAL_KEY`, bound to the place where the text belongs, so that
 * a sealed text moved elsewhere does not open. Format: `s1.<key>.<nonce, text, tag in base64url>`, where `<key>` tells which key sealed it.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARS = 8;

/** Thrown when a sealed text does not open: another key, another place, or damage. It says nothing of the text. */
export class SealError extends Error {
	override readonly name: string = 'SealError';
}

/** Seals with the first key and opens with any. */
export interface Sealer {
	/** `place` names where the text belongs, such as `account/secret/name`; it is needed to open. */
	seal(text: string, place: string): string;
	/** Throws `SealError`. */
	open(sealed: string, place: string): string;
}

interface SealKey {
	readonly id: string;
	readonly bytes: Uint8Array;
}

/** A sealer with the keys of the settings, base64, the current one first; the others are those that it replaced. */
export function createSealer(keysBase64: readonly string[]): Sealer {
	const keys = keysBase64.map(deriveKey);
	const [current] = keys;
	if (current === undefined) throw new SealError('no key to seal with');
	return {
		seal: (text, place) => sealWith(current, text, place),
		open: (sealed, place) => {
			const [version, id, body] = sealed.split('.');
			const key = keys.find((candidate) => candidate.id === id);
			if (version !== 's1' || key === undefined || body === undefined) throw new SealError('a sealed text names a key that this edge does not have');
			return openWith(key, Buffer.from(body, 'base64url'), place);
		},
	};
}

function deriveKey(keyBase64: string): SealKey {
	const bytes = new Uint8Array(hkdfSync('sha256', Buffer.from(keyBase64, 'base64'), '', 'longshore seal 1', KEY_BYTES));
	return { id: createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_CHARS), bytes };
}

function sealWith(key: SealKey, text: string, place: string): string {
	const nonce = randomBytes(NONCE_BYTES);
	const cipher = createCipheriv(ALGORITHM, key.bytes, nonce);
	cipher.setAAD(Buffer.from(place));
	const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
	return `s1.${key.id}.${body.toString('base64url')}`;
}

function openWith(key: SealKey, body: Buffer, place: string): string {
	try {
		const cipher = createDecipheriv(ALGORITHM, key.bytes, body.subarray(0, NONCE_BYTES));
		cipher.setAAD(Buffer.from(place));
		cipher.setAuthTag(body.subarray(-TAG_BYTES));
		return Buffer.concat([cipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final()]).toString('utf8');
	} catch {
		throw new SealError('a sealed text does not open: it was damaged or moved');
	}
}
