/** Asks the edge whether late or repeated deliveries may run; what is asked in one turn goes in one request. */
import { EVENT_BATCH_MAX } from '@longshore/shared-schema/limits';
import { type Claim, claimReply } from '@longshore/shared-schema/wire/region';
import { claimSubject } from '@longshore/shared-schema/wire/subjects';
import { type Bus, BusError } from '../bus/bus.ts';
import type { Log } from '../log.ts';

/** `unknown`: no answer came; the claim may or may not have been granted. */
export type ClaimOutcome = 'run' | 'drop' | 'unknown';

export interface Claims {
	ask(claim: Claim): Promise<ClaimOutcome>;
}

interface Waiting {
	readonly claim: Claim;
	resolve(outcome: ClaimOutcome): void;
}

/** A claim without an answer after `timeoutMs` is `unknown`. */
export function createClaims(bus: Bus, hostId: string, log: Log, timeoutMs: number): Claims {
	let waiting: Waiting[] = [];
	const send = async (batch: readonly Waiting[]): Promise<void> => {
		const body = new TextEncoder().encode(JSON.stringify({ claims: batch.map((entry) => entry.claim) }));
		let outcomes: readonly ClaimOutcome[] = [];
		try {
			const reply = claimReply.safeParse(JSON.parse(new TextDecoder().decode(await bus.request(claimSubject(hostId), body, timeoutMs))));
			if (reply.success && reply.data.results.length === batch.length) outcomes = reply.data.results;
			else log.error('a claim reply does not fit its request', { claims: batch.length });
		} catch (error) {
			if (!(error instanceof BusError) && !(error instanceof SyntaxError)) throw error;
			log.warn('a claim got no answer', { claims: batch.length, error: error.message });
		}
		for (const [index, entry] of batch.entries()) entry.resolve(outcomes[index] ?? 'unknown');
	};
	const flush = (): void => {
		const all = waiting;
		waiting = [];
		for (let at = 0; at < all.length; at += EVENT_BATCH_MAX) void send(all.slice(at, at + EVENT_BATCH_MAX));
	};
	return {
		ask: (claim) =>
			new Promise((resolve) => {
				if (waiting.length === 0) setImmediate(flush);
				waiting.push({ claim, resolve });
			}),
	};
}
