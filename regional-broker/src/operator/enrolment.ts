/** `POST /operator/v1/hosts/{id}/{enrol,revoke}` and `POST /host/v1/enrol`: who may join the region, who may no more, and how a host joins. */
import { ENROL_TOKEN_S, ID_PATTERN } from '@longshore/shared-schema/limits';
import * as z from 'zod';
import type { HostTokens } from '../enrolment/host-token.ts';
import { type Issuer, isUserKey } from '../enrolment/issuer.ts';
import type { Enrolments } from '../fleet/enrolments.ts';
import type { Answer } from '../ingress/answer.ts';
import { errorText } from '../log.ts';

const { min, max } = ENROL_TOKEN_S;
const enrolBody = z.strictObject({ expiresInS: z.int().min(min).max(max).default(ENROL_TOKEN_S.default) });
const redeemBody = z.object({ token: z.string().min(1).max(200), publicKey: z.string().max(100) });

export interface EnrolmentSources {
	readonly enrolments: Enrolments;
	/** Null: this broker cannot certify anybody. */
	readonly issuer: Issuer | null;
	readonly tokens: HostTokens;
	readonly wallClock: () => number;
}

const NO_ISSUER: Answer = { status: 503, body: { error: 'this broker holds no keys to enrol hosts with: set LONGSHORE_NATS_ISSUER' } };
const REFUSALS = {
	unknown: 'this enrolment token is not known here, or a newer one has taken its place: ask the operator for another (longshore host enrol)',
	expired: 'this enrolment token has expired: ask the operator for another (longshore host enrol)',
	spent: 'this enrolment token was redeemed by another machine: ask the operator for another, and to revoke the host if that was not meant',
	revoked: 'the key of this host was revoked: remove credential.json from its state directory and enrol it anew',
} as const;

/** Invites one machine to be the host `hostId`. The token is shown once. */
export async function enrolHost({ enrolments, issuer, wallClock }: EnrolmentSources, hostId: string, body: unknown): Promise<Answer> {
	if (issuer === null) return NO_ISSUER;
	if (!ID_PATTERN.test(hostId)) return { status: 400, body: { error: 'a host id is 1 to 64 of A-Z a-z 0-9 _ -' } };
	const parsed = enrolBody.safeParse(body ?? {});
	if (!parsed.success) return { status: 400, body: { error: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ') } };
	const expiresAtMs = wallClock() + parsed.data.expiresInS * 1_000;
	return kept(async () => ({ status: 200, body: { hostId, token: await enrolments.invite(hostId, expiresAtMs), expiresAt: new Date(expiresAtMs).toISOString() } }));
}

/** Ends what the host has open, refuses its key from now on; its jobs move when its lease is over. */
export async function revokeHost({ enrolments, issuer }: EnrolmentSources, hostId: string): Promise<Answer> {
	if (issuer === null) return NO_ISSUER;
	if (!ID_PATTERN.test(hostId)) return { status: 400, body: { error: 'a host id is 1 to 64 of A-Z a-z 0-9 _ -' } };
	return kept(async () =>
		(await enrolments.revoke(hostId)) ? { status: 200, body: { hostId, revoked: true } } : { status: 404, body: { error: `no host "${hostId}" was enrolled in this region` } },
	);
}

/** A machine shows its token and the key that it made: it gets its NATS token and its token for HTTP. */
export async function redeemToken({ enrolments, issuer, tokens }: EnrolmentSources, body: unknown): Promise<Answer> {
	if (issuer === null) return NO_ISSUER;
	const parsed = redeemBody.safeParse(body);
	if (!parsed.success || !isUserKey(parsed.data.publicKey))
		return { status: 400, body: { error: 'the body must be {"token": the enrolment token, "publicKey": public nkey of a user}' } };
	const { token, publicKey } = parsed.data;
	return kept(async () => {
		const outcome = await enrolments.redeem(token, publicKey);
		if ('refused' in outcome) return { status: 403, body: { error: REFUSALS[outcome.refused] } };
		const { hostId } = outcome;
		return { status: 200, body: { hostId, natsToken: issuer.hostToken(hostId, publicKey), hostToken: tokens.tokenOf({ hostId, publicKey }) } };
	});
}

async function kept(work: () => Promise<Answer>): Promise<Answer> {
	try {
		return await work();
	} catch (error) {
		return { status: 503, body: { error: `the region's NATS does not answer: ${errorText(error)}; try again` }, retryAfterS: 1 };
	}
}
