/** The identities of a region's parts, put together: who issues them, who is enrolled, and what the routes and the fleet need of that. */
import type { Bus } from '../bus/bus.ts';
import { createRegistrar } from '../bus/registrar.ts';
import type { BrokerSettings } from '../config.ts';
import { Enrolments } from '../fleet/enrolments.ts';
import type { AppOptions } from '../http/app.ts';
import type { Log } from '../log.ts';
import { enrolHost, redeemToken, revokeHost } from '../operator/enrolment.ts';
import { createHostTokens, type HostTokens } from './host-token.ts';
import type { Issuer } from './issuer.ts';

export interface Identities {
	readonly tokens: HostTokens;
	readonly enrolments: Enrolments;
	readonly routes: Pick<AppOptions, 'isHost' | 'enrolHost' | 'revokeHost' | 'redeemToken'>;
}

/** `tell`: other brokers should read a host's record again. */
export function createIdentities(settings: BrokerSettings, issuer: Issuer | null, bus: Bus, tell: (hostId: string) => void, wallClock: () => number, log: Log): Identities {
	const tokens = createHostTokens(settings.LONGSHORE_HOST_KEY);
	const registrar = issuer === null ? null : createRegistrar(issuer, settings.LONGSHORE_NATS_URL.split(','));
	const enrolments = new Enrolments({ records: bus.records, registrar, tell, wallClock, log });
	bus.onReady(() => enrolments.start());
	bus.forwardPulls(tokens.isPermit);
	const sources = { enrolments, issuer, tokens, wallClock };
	return {
		tokens,
		enrolments,
		routes: {
			isHost: (token) => {
				const host = tokens.read(token);
				if (host === null) return false;
				const revoked = enrolments.isRevoked(host.publicKey);
				return revoked === null ? null : !revoked;
			},
			enrolHost: (id, body) => enrolHost(sources, id, body),
			revokeHost: (id) => revokeHost(sources, id),
			redeemToken: (body) => redeemToken(sources, body),
		},
	};
}
