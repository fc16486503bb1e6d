/** The keys of a region's NATS: operator, account of the region's traffic and system account, what they certify of each other, and logins for tools. */
import { createHash } from 'node:crypto';
import { accountClaims, BROKER_PERMISSIONS, certify, type NatsClaims, operatorClaims, userClaims } from '@longshore/shared-schema/wire/nats-claims';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from 'nkeys.js';

/** Seeds, and the tokens that the servers are configured with. */
export interface NatsKeys {
	readonly operatorSeed: string;
	readonly accountSeed: string;
	readonly systemSeed: string;
	readonly operatorToken: string;
	readonly accountToken: string;
	readonly systemToken: string;
}

/** Keys of a region that has none yet. */
export function makeNatsKeys(regionId: string): NatsKeys {
	const [operator, account, system] = [createOperator(), createAccount(), createAccount()];
	const [operatorId, accountId, systemId] = [operator, account, system].map((key) => key.getPublicKey()) as [string, string, string];
	return {
		operatorSeed: seedOf(operator),
		accountSeed: seedOf(account),
		systemSeed: seedOf(system),
		operatorToken: issue(operator, operatorClaims(operatorId, `longshore ${regionId}`, systemId)),
		accountToken: issue(operator, accountClaims(accountId, 'region', true)),
		systemToken: issue(operator, accountClaims(systemId, 'SYS', false)),
	};
}

/** What brokers need of the keys: `LONGSHORE_NATS_ISSUER`. */
export function issuerOf({ operatorSeed, accountSeed, systemSeed }: NatsKeys): string {
	return JSON.stringify({ operatorSeed, accountSeed, systemSeed });
}

/** Public keys of the account and of the system account. */
export function accountIds(keys: NatsKeys): { readonly account: string; readonly system: string } {
	return { account: publicKey(keys.accountSeed), system: publicKey(keys.systemSeed) };
}

/** A new login with a broker's rights, in the form of a credentials file (`nats --creds`). */
export function toolCredentials(keys: NatsKeys, name: string): string {
	const user = createUser();
	const token = issue(fromSeed(Buffer.from(keys.accountSeed)), userClaims(user.getPublicKey(), name, BROKER_PERMISSIONS));
	return `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seedOf(user)}\n------END USER NKEY SEED------\n`;
}

function issue(by: KeyPair, claims: NatsClaims): string {
	return certify(claims, {
		issuer: by.getPublicKey(),
		nowS: Math.floor(Date.now() / 1_000),
		base64url: (data) => Buffer.from(data).toString('base64url'),
		hash: (text) => createHash('sha256').update(text).digest('base64url'),
		sign: (text) => by.sign(Buffer.from(text)),
	});
}

function seedOf(key: KeyPair): string {
	return Buffer.from(key.getSeed()).toString();
}

function publicKey(seed: string): string {
	return fromSeed(Buffer.from(seed)).getPublicKey();
}
