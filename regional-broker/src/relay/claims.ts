/** Asks the edge, in batches, whether late or repeated starts may run. Without the edge's answer there is none from here: the agent puts the job back. */
import { EVENT_BATCH_MAX } from '@longshore/shared-schema/limits';
import { type ClaimRequest, claimReply, claimRequest, EDGE_PATHS } from '@longshore/shared-schema/wire/region';
import { BROKER_GROUP, claimSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';

const POSTS_MAX = 2;
const TIMEOUT_MS = 5_000;

interface Waiting {
	readonly claims: ClaimRequest['claims'];
	readonly reply: (data: string) => void;
}

/** Serves claims from now on. */
export function serveClaims(bus: Pick<Bus, 'subscribe'>, edge: EdgeClient, log: Log): void {
	const queue: Waiting[] = [];
	let posts = 0;

	const post = (): void => {
		while (posts < POSTS_MAX && queue.length > 0) {
			const batch = gather(queue);
			posts++;
			void answer(batch, edge, log).finally(() => {
				posts--;
				post();
			});
		}
	};

	bus.subscribe(
		claimSubject('*'),
		(data, reply) => {
			if (reply === null) return;
			const parsed = claimRequest.safeParse(parseJson(data));
			if (!parsed.success) {
				log.error('a claim cannot be read', { error: parsed.error.message.slice(0, 300) });
				return;
			}
			queue.push({ claims: parsed.data.claims, reply });
			if (queue.length === 1) setImmediate(post);
		},
		BROKER_GROUP,
	);
}

function gather(queue: Waiting[]): Waiting[] {
	const batch: Waiting[] = [];
	let claims = 0;
	for (let next = queue[0]; next !== undefined; next = queue[0]) {
		if (batch.length > 0 && claims + next.claims.length > EVENT_BATCH_MAX) break;
		batch.push(next);
		claims += next.claims.length;
		queue.shift();
	}
	return batch;
}

async function answer(batch: readonly Waiting[], edge: EdgeClient, log: Log): Promise<void> {
	const claims = batch.flatMap((waiting) => waiting.claims);
	try {
		const reply = await edge.send({
			method: 'POST',
			path: EDGE_PATHS.claim,
			body: Buffer.from(JSON.stringify({ claims })),
			headers: { 'content-type': 'application/json' },
			timeoutMs: TIMEOUT_MS,
		});
		if (reply.status === 400 && batch.length > 1) {
			// One bad request must not cost the others their answer.
			await Promise.all(batch.map((waiting) => answer([waiting], edge, log)));
			return;
		}
		if (reply.status !== 200) throw new Error(`the edge answers claims with ${reply.status}: ${reply.body.toString('utf8', 0, 200)}`);
		const { results } = claimReply.parse(JSON.parse(reply.body.toString()));
		if (results.length !== claims.length) throw new Error(`the edge gave ${results.length} results on ${claims.length} claims`);
		let at = 0;
		for (const waiting of batch) {
			waiting.reply(JSON.stringify({ results: results.slice(at, at + waiting.claims.length) }));
			at += waiting.claims.length;
		}
	} catch (error) {
		log.warn('claims stay unanswered', { claims: claims.length, error: errorText(error) });
	}
}

function parseJson(data: Uint8Array): unknown {
	try {
		return JSON.parse(Buffer.from(data).toString());
	} catch {
		return undefined;
	}
}
