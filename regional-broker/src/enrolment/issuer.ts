/** Certifies the region's NATS identities with the keys in `LONGSHORE_NATS_ISSUER`: this broker's own, hosts', and the account with its revocations. It may not remember whom. */
import { createHash } from 'node:crypto';
import { ConfigError } from '@longshore/shared-schema/config/parse';
import {
	accountClaims,
	BROKER_PERMISSIONS,
	certify,
	hostPermissions,
	type NatsClaims,
	type NatsPermissions,
	type Revocations,
	registrarPermissions,
	userClaims,
} from '@longshore/shared-schema/wire/nats-claims';
import { createUser, fromPublic, fromSeed, type KeyPair } from 'nkeys.js';
import * as z from 'zod';

const seed = (kind: 'O' | 'A'): z.ZodString => z.string().regex(new RegExp(`^S${kind}[A-Z2-7]{56}$`), { error: `must be an nkey seed that begins with S${kind}` });
const issuerKeys = z.strictObject({ operatorSeed: seed('O'), accountSeed: seed('A'), systemSeed: seed('A') });

/** What a client of NATS shows: a token and the key that it was issued for. */
export interface NatsLogin {
	readonly token: string;
	readonly seed: Uint8Array;
}

export interface Issuer {
	readonly accountId: string;
	/** A login of a key made for this call: no two brokers share one. */
	brokerLogin(name: string): NatsLogin;
	/** May read and replace the account's claims. */
	registrarLogin(): NatsLogin;
	/** Certifies a key that the host has made and keeps to itself. */
	hostToken(hostId: string, publicKey: string): string;
	accountToken(revocations: Revocations): string;
}

/** Throws `ConfigError` when `text` is not the JSON of the three seeds. */
export function createIssuer(text: string, wallClock: () => number): Issuer {
	const keys = readKeys(text);
	const [operator, account, system] = [keys.operatorSeed, keys.accountSeed, keys.systemSeed].map((key) => fromSeed(Buffer.from(key))) as [KeyPair, KeyPair, KeyPair];
	const accountId = account.getPublicKey();
	const issue = (by: KeyPair, claims: NatsClaims): string =>
		certify(claims, {
			issuer: by.getPublicKey(),
			nowS: Math.floor(wallClock() / 1_000),
			base64url: (data) => Buffer.from(data).toString('base64url'),
			hash: (claimsText) => createHash('sha256').update(claimsText).digest('base64url'),
			sign: (signed) => by.sign(Buffer.from(signed)),
		});
	const login = (by: KeyPair, name: string, permissions: NatsPermissions): NatsLogin => {
		const user = createUser();
		return { token: issue(by, userClaims(user.getPublicKey(), name, permissions)), seed: user.getSeed() };
	};
	return {
		accountId,
		brokerLogin: (name) => login(account, name, BROKER_PERMISSIONS),
		registrarLogin: () => login(system, 'registrar', registrarPermissions(accountId)),
		hostToken: (hostId, publicKey) => issue(account, userClaims(publicKey, `host ${hostId}`, hostPermissions(hostId))),
		accountToken: (revocations) => issue(operator, accountClaims(accountId, 'region', true, revocations)),
	};
}

/** Whether a text is the public key of a NATS user, check sum and all. */
export function isUserKey(text: string): boolean {
	if (!/^U[A-Z2-7]{55}$/.test(text)) return false;
	try {
		return fromPublic(text).getPublicKey() === text;
	} catch {
		return false;
	}
}

function readKeys(text: string): z.infer<typeof issuerKeys> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new ConfigError('LONGSHORE_NATS_ISSUER: must be JSON like {"operatorSeed":"SO…","accountSeed":"SA…","systemSeed":"SA…"}');
	}
	const parsed = issuerKeys.safeParse(value);
	if (!parsed.success) throw new ConfigError(`LONGSHORE_NATS_ISSUER: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'keys'}: ${issue.message}`).join('; ')}`);
	return parsed.data;
}
