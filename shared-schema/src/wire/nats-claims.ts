/** What a region's NATS identities may say, and the claims in which its keys certify that (NATS JWT v2). Signing is somebody else's. */
import {
	claimSubject,
	controlSubject,
	HOST_ROLL_CALL_SUBJECT,
	hostInbox,
	hostReportAckSubject,
	hostReportSubject,
	jobPullSubject,
	logsSubject,
	reportSubject,
	storeSubject,
	usageSubject,
	verdictSubject,
} from './subjects.ts';

interface Allowance {
	readonly allow?: readonly string[];
	readonly deny?: readonly string[];
}

export interface NatsPermissions {
	readonly pub: Allowance;
	readonly sub: Allowance;
	/** May answer what was delivered to it: `max` times, within `ttl` nanoseconds. */
	readonly resp?: { readonly max: number; readonly ttl: number };
}

/** A job is acknowledged, given back or thrown away once; so is a command answered. Nanoseconds: longer than any job waits on a host for its worker. */
const ANSWER_NS = 10 * 60 * 1_000_000_000;

/**
 * A host reports under its own name, hears what is meant for it and answers that. It speaks to brokers only: no subject of JetStream, so it can
 * neither pull, nor read, change or remove a stream. It acknowledges a job because it was delivered to this very connection, and no other.
 */
export function hostPermissions(hostId: string): NatsPermissions {
	return {
		pub: { allow: [jobPullSubject(hostId, '*', '*'), reportSubject(hostId), storeSubject(hostId), usageSubject(hostId), hostReportSubject(hostId), claimSubject(hostId)] },
		sub: { allow: [`${hostInbox(hostId)}.>`, controlSubject(hostId), logsSubject(hostId), verdictSubject(hostId), hostReportAckSubject(hostId), HOST_ROLL_CALL_SUBJECT] },
		resp: { max: 1, ttl: ANSWER_NS },
	};
}

/** Everything of its account but the administration of the server and of whole accounts. */
export const BROKER_PERMISSIONS: NatsPermissions = {
	pub: { deny: ['$SYS.>', '$JS.API.ACCOUNT.>', '$JS.API.SERVER.>', '$JS.API.META.>'] },
	sub: { deny: ['$SYS.>'] },
};

/** Of the system account: reads and replaces the claims of the one account `accountId`. */
export function registrarPermissions(accountId: string): NatsPermissions {
	return { pub: { allow: [accountLookupSubject(accountId), accountUpdateSubject(accountId)] }, sub: { allow: ['_INBOX_registrar.>'] } };
}

export const accountLookupSubject = (accountId: string): string => `$SYS.REQ.ACCOUNT.${accountId}.CLAIMS.LOOKUP`;
export const accountUpdateSubject = (accountId: string): string => `$SYS.REQ.ACCOUNT.${accountId}.CLAIMS.UPDATE`;

/** Claims without what signing adds: the issuer, the time and the id. */
export interface NatsClaims {
	/** Public key that they are about. */
	readonly sub: string;
	readonly name: string;
	readonly nats: Readonly<Record<string, unknown>> & { readonly type: 'operator' | 'account' | 'user'; readonly version: 2 };
}

export function operatorClaims(operatorId: string, name: string, systemAccountId: string): NatsClaims {
	return { sub: operatorId, name, nats: { type: 'operator', version: 2, system_account: systemAccountId } };
}

/** User keys that are refused, each with the second until which what was issued for it is. */
export type Revocations = Readonly<Record<string, number>>;

/** `hasStreams`: the account of a region's traffic; without: its system account. */
export function accountClaims(accountId: string, name: string, hasStreams: boolean, revocations: Revocations = {}): NatsClaims {
	const unbounded = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1, disallow_bearer: true };
	const limits = hasStreams ? { ...unbounded, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 } : unbounded;
	return {
		sub: accountId,
		name,
		nats: { type: 'account', version: 2, limits, default_permissions: { pub: {}, sub: {} }, ...(Object.keys(revocations).length === 0 ? {} : { revocations }) },
	};
}

export function userClaims(userId: string, name: string, permissions: NatsPermissions): NatsClaims {
	return { sub: userId, name, nats: { type: 'user', version: 2, subs: -1, data: -1, payload: -1, ...permissions } };
}

/** The revocations that an account's token names; none of a text that is no token. `decode`: base64url → text. */
export function revocationsOf(token: string, decode: (text: string) => string): Revocations {
	const [, body = ''] = token.split('.');
	try {
		const claims = JSON.parse(decode(body)) as { readonly nats?: { readonly revocations?: Revocations } };
		return claims.nats?.revocations ?? {};
	} catch {
		return {};
	}
}

/** What certifying takes besides the claims. */
export interface ClaimsSigner {
	/** Public key of `sign`. */
	readonly issuer: string;
	readonly nowS: number;
	readonly base64url: (data: string | Uint8Array) => string;
	/** Of the claims' text; any hash that tells different claims apart. */
	readonly hash: (text: string) => string;
	readonly sign: (text: string) => Uint8Array;
}

/** The token that NATS takes. */
export function certify(claims: NatsClaims, { issuer, nowS, base64url, hash, sign }: ClaimsSigner): string {
	const body = { iat: nowS, iss: issuer, ...claims };
	const text = `${base64url('{"typ":"JWT","alg":"ed25519-nkey"}')}.${base64url(JSON.stringify({ jti: hash(JSON.stringify(body)), ...body }))}`;
	return `${text}.${base64url(sign(text))}`;
}
