/** Asks the hosts themselves which started attempts they have: only their own word proves that one was forgotten. */
import type { HostCommand, HostReply } from '@longshore/shared-schema/wire/bus';
import type { AttemptRef, InventoryAnswer } from '@longshore/shared-schema/wire/region';
import type { Registry } from '../fleet/registry.ts';
import { errorText, type Log } from '../log.ts';

export interface HeldOptions {
	readonly registry: Pick<Registry, 'hostOfBoot'>;
	readonly command: (hostId: string, command: HostCommand) => Promise<HostReply | null>;
	readonly log: Log;
}

type State = InventoryAnswer['results'][number]['state'];
type StartedRef = AttemptRef & { readonly hostBoot: string };

export const isStarted = (job: AttemptRef): job is StartedRef => job.hostBoot !== undefined;

/** The state of each attempt; all hosts are asked at once. */
export async function askHosts(options: HeldOptions, jobs: readonly StartedRef[]): Promise<Map<AttemptRef, State>> {
	const states = new Map<AttemptRef, State>();
	await Promise.all(
		[...Map.groupBy(jobs, ({ hostBoot }) => hostBoot)].map(async ([boot, ofBoot]) => {
			const answers = await askHost(options, boot, ofBoot);
			for (const [i, job] of ofBoot.entries()) states.set(job, answers[i] ?? 'unsure');
		}),
	);
	return states;
}

async function askHost({ registry, command, log }: HeldOptions, hostBoot: string, jobs: readonly StartedRef[]): Promise<State[]> {
	const host = registry.hostOfBoot(hostBoot);
	if (host === undefined) return [];
	if (host === null) return jobs.map(() => 'forgotten');
	try {
		const reply = await command(host.figure.id, { op: 'held', hostBoot, jobs: jobs.map(({ id, epoch }) => ({ id, epoch })) });
		if (reply?.held?.length === jobs.length) return reply.held.map((held) => (held ? 'running' : 'forgotten'));
		log.warn('a host does not say what it has', { hostId: host.figure.id, error: reply?.error ?? 'no answer' });
	} catch (error) {
		log.warn('a host does not say what it has', { hostId: host.figure.id, error: errorText(error) });
	}
	return [];
}
