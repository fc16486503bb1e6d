/** Checks a Bearer token without telling by its duration how much of it was right. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** A check for one token. */
export function createBearerCheck(token: string): (authorization: string | undefined) => boolean {
	const expected = sha256(`Bearer ${token}`);
	return (authorization) => timingSafeEqual(sha256(authorization ?? ''), expected);
}

/** Hashing makes both sides equally long, whatever was sent. */
function sha256(text: string): Buffer {
	return createHash('sha256').update(text).digest();
}
