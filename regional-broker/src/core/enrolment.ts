/** What is remembered of a host's right to be in the region, and how invitations, enrolments and revocations change it. */

export interface Invitation {
	/** SHA-256 of the token, hex. */
	readonly tokenHash: string;
	/** Epoch milliseconds. */
	readonly expiresAtMs: number;
	/** The key that redeemed it: the same key may ask again, its answer may have been lost. */
	readonly redeemedBy: string | null;
}

export interface HostKey {
	readonly publicKey: string;
	/** Enrolled or revoked, epoch milliseconds. */
	readonly atMs: number;
}

export interface Enrolment {
	readonly invitation: Invitation | null;
	/** The key that the host has now. */
	readonly key: HostKey | null;
	readonly revoked: readonly HostKey[];
}

export const NOT_ENROLLED: Enrolment = { invitation: null, key: null, revoked: [] };

/** A new invitation takes the place of an older one. */
export function invite(enrolment: Enrolment, tokenHash: string, expiresAtMs: number): Enrolment {
	return { ...enrolment, invitation: { tokenHash, expiresAtMs, redeemedBy: null } };
}

export type Redemption = { readonly enrolment: Enrolment } | { readonly refused: 'unknown' | 'expired' | 'spent' | 'revoked' };

/** The host shows its invitation and the key that it wants to be known by. An earlier key of the host is revoked: one machine has a name. */
export function redeem(enrolment: Enrolment, tokenHash: string, publicKey: string, nowMs: number): Redemption {
	const { invitation } = enrolment;
	if (invitation === null || invitation.tokenHash !== tokenHash) return { refused: 'unknown' };
	if (enrolment.revoked.some((key) => key.publicKey === publicKey)) return { refused: 'revoked' };
	if (invitation.redeemedBy !== null && invitation.redeemedBy !== publicKey) return { refused: 'spent' };
	if (nowMs >= invitation.expiresAtMs) return { refused: 'expired' };
	if (invitation.redeemedBy === publicKey) return { enrolment };
	const before = enrolment.key === null || enrolment.key.publicKey === publicKey ? [] : [{ publicKey: enrolment.key.publicKey, atMs: nowMs }];
	return {
		enrolment: { invitation: { ...invitation, redeemedBy: publicKey }, key: { publicKey, atMs: nowMs }, revoked: [...enrolment.revoked, ...before] },
	};
}

/** The host's key and its open invitation count no more. */
export function revoke(enrolment: Enrolment, nowMs: number): Enrolment {
	const { key } = enrolment;
	return { invitation: null, key: null, revoked: key === null ? enrolment.revoked : [...enrolment.revoked, { publicKey: key.publicKey, atMs: nowMs }] };
}
