/** Identities of a region's NATS for tests: its keys, what a server is configured with, and connections as a broker, as a host or with a credentials file. */
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, credsAuthenticator, jwtAuthenticator, type NatsConnection } from 'nats';
import { createUser } from 'nkeys.js';
import type { NatsNodeOptions } from '../../infra/local/nats-config.ts';
import { accountIds, issuerOf, makeNatsKeys } from '../../infra/local/nats-keys.ts';
import { createIssuer, type Issuer } from '../../regional-broker/src/enrolment/issuer.ts';
import { hostInbox } from '../../shared-schema/src/wire/subjects.ts';

/** A host's key and the token that was issued for it. */
export interface HostLogin {
	readonly seed: string;
	readonly publicKey: string;
	readonly token: string;
}

export interface NatsIdentities {
	/** `LONGSHORE_NATS_ISSUER`. */
	readonly issuerText: string;
	readonly issuer: Issuer;
	/** For `renderNatsConfig`. */
	readonly config: Pick<NatsNodeOptions, 'operatorToken' | 'accounts'>;
	host(hostId: string): HostLogin;
	asBroker(url: string, options?: ConnectionOptions): Promise<NatsConnection>;
	asHost(url: string, hostId: string, login: HostLogin, options?: ConnectionOptions): Promise<NatsConnection>;
}

/** Keys of a new region. */
export function natsIdentities(): NatsIdentities {
	const keys = makeNatsKeys('test');
	const ids = accountIds(keys);
	const issuerText = issuerOf(keys);
	const issuer = createIssuer(issuerText, Date.now);
	return {
		issuerText,
		issuer,
		config: { operatorToken: keys.operatorToken, accounts: { [ids.system]: keys.systemToken, [ids.account]: keys.accountToken } },
		host(hostId) {
			const key = createUser();
			return { seed: Buffer.from(key.getSeed()).toString(), publicKey: key.getPublicKey(), token: issuer.hostToken(hostId, key.getPublicKey()) };
		},
		asBroker(url, options = {}) {
			const { token, seed } = issuer.brokerLogin('test');
			return connect({ servers: url, authenticator: jwtAuthenticator(token, seed), ...options });
		},
		asHost: (url, hostId, { token, seed }, options = {}) =>
			connect({ servers: url, authenticator: jwtAuthenticator(token, Buffer.from(seed)), inboxPrefix: hostInbox(hostId), ...options }),
	};
}

/** A connection with a broker's rights to a region of a local stack. */
export function connectToRegion({ natsUrl, natsCredentials }: { readonly natsUrl: string; readonly natsCredentials: string }): Promise<NatsConnection> {
	return connect({ servers: natsUrl.split(','), authenticator: credsAuthenticator(readFileSync(natsCredentials)) });
}
