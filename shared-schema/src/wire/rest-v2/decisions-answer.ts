/** Shape of the answer that says why an endpoint has the workers that it has (ours; RunPod has nothing like it). */
import * as z from 'zod';

const count = z.int().min(0);

const decision = z.object({
	at: z.iso.datetime(),
	by: z.string().describe('`edge`, or the region that decided.'),
	kind: z.string().describe('`grants` by the edge; `scale`, `place`, `start`, `stop` or `blocked` by a region.'),
	text: z.string().describe('The decision in a sentence.'),
	inputs: z.unknown().describe('What it rested on, in machine-readable form.'),
});

const failure = z.object({
	region: z.string(),
	workerId: z.string(),
	hostId: z.string(),
	at: z.iso.datetime(),
	reason: z.string(),
	exitCode: z.int().nullable(),
	lastLog: z.string().describe('The last lines of its log.'),
});

/** What of an endpoint's rules keeps it off a host. `volume`: the host is in no data centre of its volumes. `silent`: its region is not heard. */
const constraint = z.enum(['draining', 'silent', 'gpu_count', 'cuda', 'gpu', 'volume', 'data_center']);
export type Constraint = z.infer<typeof constraint>;

/** The hosts that fail one constraint; each host is counted once. */
export const placementObstacle = z.object({ constraint, hosts: z.int().min(1), text: z.string() });
export type PlacementObstacle = z.infer<typeof placementObstacle>;

export const decisionsV2 = z
	.object({
		shares: z
			.array(
				z.object({
					region: z.string(),
					workersMax: count,
					workersMin: count,
					held: count.describe('Workers that count against the maximum: more than `workersMax` until the region has confirmed a smaller share.'),
					tiers: z.array(z.string()).nullable().describe('GPU pools or types that the region may use now; null: all of the endpoint’s.'),
				}),
			)
			.describe('How the workers are shared among regions, the preferred region first.'),
		missing: z.array(z.object({ region: z.string(), workers: count, text: z.string().nullable() })).describe('Workers that are wanted and find no place, and why.'),
		obstacles: z.array(placementObstacle).describe('What keeps the endpoint off every host that there is; empty while some host may run it.'),
		failures: z.array(failure).describe('Workers that did not come up or ended badly, newest last.'),
		decisions: z.array(decision).describe('Oldest first.'),
		unreachableRegions: z.array(z.string()).describe('Regions that did not answer, whose decisions are missing here.'),
	})
	.meta({ id: 'EndpointDecisions' });
export type DecisionsV2 = z.infer<typeof decisionsV2>;
