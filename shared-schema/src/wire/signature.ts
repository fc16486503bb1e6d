/** What is signed between edge and region: Ed25519 over method, path, timestamp, nonce and body hash. Pure; the shells sign and verify. */

/** Header that names the signer: `edge` or a region id. */
export const SIGNER_HEADER = 'x-longshore-signer';
/** Header with the send time, epoch milliseconds in decimal. */
export const TIMESTAMP_HEADER = 'x-longshore-timestamp';
/** Header with a random nonce; a receiver refuses one that it saw inside the window. */
export const NONCE_HEADER = 'x-longshore-nonce';
/** Header with the base64 Ed25519 signature of `signedText`. */
export const SIGNATURE_HEADER = 'x-longshore-signature';
/** Header with an attempt's token on payload and output transfers. */
export const ATTEMPT_HEADER = 'x-longshore-attempt';

/** The parts of a request that the signature covers. `bodySha256` is lower-case hex. */
export interface SignedParts {
	readonly signer: string;
	readonly method: string;
	readonly pathAndQuery: string;
	readonly timestampMs: number;
	readonly nonce: string;
	readonly bodySha256: string;
}

/** The exact text that is signed, versioned so that it can change. */
export function signedText(parts: SignedParts): string {
	return `longshore-1\n${parts.signer}\n${parts.method}\n${parts.pathAndQuery}\n${parts.timestampMs}\n${parts.nonce}\n${parts.bodySha256}`;
}
