/** Random texts for tokens and nonces. */
import { randomBytes } from 'node:crypto';

/** `bytes` random bytes in URL-safe base64. */
export function randomText(bytes: number): string {
	return Buffer.from(randomBytes(bytes)).toString('base64url');
}
