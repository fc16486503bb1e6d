/** Every kind of fault: what it is done to, how long it lasts, and whom it puts out of order. */

/** `edge`: the door itself. `region`: one region as a whole. `part`: something inside a region. `worker`: one worker. `hooks`: the receiver of webhooks. */
export type Scope = 'edge' | 'region' | 'part' | 'worker' | 'hooks';

export interface FaultKind {
	readonly name: string;
	readonly scope: Scope;
	/** Milliseconds from its beginning to its healing; 0: it heals by itself. */
	readonly forMs: readonly [least: number, most: number];
}

const kind = (name: string, scope: Scope, least = 0, most = least): FaultKind => ({ name, scope, forMs: [least, most] });

/** Names are verbs and targets; `carry-out.ts` knows what each does. */
export const FAULT_KINDS: readonly FaultKind[] = [
	kind('kill edge', 'edge', 2_000),
	kind('freeze edge', 'edge', 800, 2_500),
	kind('terminate edge', 'edge', 2_000),
	kind('reset clients', 'edge', 300),
	kind('cut clients in answers', 'edge', 500, 1_500),
	kind('kill broker', 'part'),
	kind('freeze broker', 'part', 1_000, 6_000),
	kind('terminate broker', 'part'),
	kind('kill nats', 'part'),
	kind('freeze nats', 'part', 1_000, 6_000),
	kind('terminate nats', 'part'),
	kind('kill host', 'part'),
	kind('freeze host', 'part', 500, 9_000),
	kind('terminate host', 'part'),
	kind('kill worker', 'worker'),
	kind('freeze worker', 'worker', 500, 3_000),
	kind('terminate worker', 'worker'),
	kind('cut broker from nats', 'part', 1_000, 5_000),
	kind('hang broker from nats', 'part', 1_000, 5_000),
	kind('cut host from nats', 'part', 1_000, 4_000),
	kind('hang host from nats', 'part', 1_000, 4_000),
	kind('cut host from broker', 'part', 1_000, 5_000),
	kind('cut nats apart', 'part', 1_000, 5_000),
	kind('reset nats clients', 'part', 200),
	kind('slow nats', 'part', 2_000, 5_000),
	kind('cut edge to region', 'part', 1_000, 5_000),
	kind('cut region to edge', 'part', 1_000, 5_000),
	kind('drop answers to edge', 'part', 1_000, 4_000),
	kind('drop answers to region', 'part', 1_000, 4_000),
	kind('delay region', 'part', 3_000, 6_000),
	kind('slow region', 'part', 2_000, 5_000),
	kind('reset region', 'part', 200),
	kind('cut region off', 'region', 13_500, 17_000),
	kind('hang region', 'region', 13_500, 17_000),
	kind('kill region', 'region', 4_000, 16_000),
	kind('region loses power', 'region', 2_000),
	kind('lose nats store', 'part', 2_000),
	kind('lose unsynced messages', 'part', 2_000),
	kind('delete consumer', 'part'),
	kind('purge stream', 'part'),
	kind('pull every plug', 'edge', 4_000),
	kind('webhooks refused', 'hooks', 1_000, 3_000),
	kind('webhooks hang', 'hooks', 1_000, 3_000),
	kind('host clock ahead', 'part', 2_000, 6_000),
	kind('host clock behind', 'part', 2_000, 6_000),
	kind('broker clock ahead', 'region', 2_000, 5_000),
	kind('broker clock behind', 'region', 2_000, 5_000),
];
