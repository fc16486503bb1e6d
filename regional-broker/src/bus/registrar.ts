/** Tells the region's NATS which user keys it refuses from now on: reads the account's claims, adds them, writes the claims back. The servers end what these keys have open. */
import { accountLookupSubject, accountUpdateSubject, type Revocations, revocationsOf } from '@longshore/shared-schema/wire/nats-claims';
import { connect, jwtAuthenticator, type NatsConnection } from 'nats';
import type { Issuer } from '../enrolment/issuer.ts';

const TIMEOUT_MS = 5_000;

export interface Registrar {
	/** Resolves when the servers refuse all of `revocations` (what they refused before stays). Rejects when they cannot be told. */
	refuse(revocations: Revocations): Promise<void>;
}

/** A registrar for one account; a connection of the system account is open only while it is needed. */
export function createRegistrar(issuer: Issuer, servers: readonly string[]): Registrar {
	const { accountId } = issuer;
	const write = async (system: NatsConnection, revocations: Revocations): Promise<void> => {
		const token = (await system.request(accountLookupSubject(accountId), '', { timeout: TIMEOUT_MS })).string();
		const known = revocationsOf(token, (text) => Buffer.from(text, 'base64url').toString());
		if (Object.entries(revocations).every(([key, atS]) => (known[key] ?? -1) >= atS)) return;
		const merged: Record<string, number> = { ...known };
		for (const [key, atS] of Object.entries(revocations)) merged[key] = Math.max(atS, merged[key] ?? 0);
		const answer = (await system.request(accountUpdateSubject(accountId), issuer.accountToken(merged), { timeout: TIMEOUT_MS })).json<{
			readonly data?: { readonly code?: number };
			readonly error?: { readonly description?: string };
		}>();
		if (answer.data?.code !== 200) throw new Error(`NATS does not take the account's claims: ${answer.error?.description ?? 'no reason given'}`);
	};
	return {
		async refuse(revocations) {
			const { token, seed } = issuer.registrarLogin();
			const system = await connect({
				servers: [...servers],
				authenticator: jwtAuthenticator(token, seed),
				inboxPrefix: '_INBOX_registrar',
				name: 'registrar',
				timeout: TIMEOUT_MS,
				reconnect: false,
			});
			try {
				await write(system, revocations);
			} finally {
				await system.close();
			}
		},
	};
}
