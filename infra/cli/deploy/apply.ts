/** Carries a plan out, one change after the other, and follows new releases to their end. */
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { withProgress } from '../terminal/progress.ts';
import type { Manifest } from './manifest.ts';
import { type Change, type Kind, type Live, type LiveThing, makePlan, type Plan } from './plan.ts';
import { followRollout } from './rollout.ts';

const PATHS: Readonly<Record<Kind | 'registry', { readonly path: string; readonly member: string }>> = {
	volume: { path: '/v2/network-volumes', member: 'networkVolumes' },
	template: { path: '/v2/templates', member: 'templates' },
	registry: { path: '/v2/registries', member: 'registries' },
	endpoint: { path: '/v2/serverless', member: 'endpoints' },
};

/** What is there now. */
export async function readLive(session: Session): Promise<Live> {
	const list = async (kind: Kind | 'registry'): Promise<LiveThing[]> => (await session.edge().call('GET', PATHS[kind].path))[PATHS[kind].member] as LiveThing[];
	const [volumes, templates, registries, endpoints] = await Promise.all([list('volume'), list('template'), list('registry'), list('endpoint')]);
	return { volumes, templates, registries, endpoints };
}

/** Applies every change of the plan; what it made is looked up again before the endpoints that refer to it. Throws `Failure` at the first refusal, saying what was done. */
export async function applyPlan(session: Session, manifest: Manifest, plan: Plan, rolloutDeadlineMs: number | null): Promise<void> {
	const todo = plan.changes.filter(({ action }) => action !== 'keep');
	const madeVolumes = todo.some(({ kind, action }) => kind === 'volume' && action === 'create');
	let done = 0;
	let current = plan;
	for (const planned of todo) {
		// Volumes have ids only now: the bodies of endpoints that name them are made again.
		if (planned.kind === 'endpoint' && madeVolumes && current === plan) current = makePlan(manifest, await readLive(session));
		const change = current.changes.find(({ kind, name }) => kind === planned.kind && name === planned.name) ?? planned;
		try {
			const id = await withProgress(session.terminal, `${change.action === 'create' ? 'making' : 'changing'} ${change.kind} ${change.name}`, () => send(session, change));
			done++;
			session.done(`${change.kind} ${change.name} ${change.action === 'create' ? 'made' : 'changed'} (${id})`);
			if (change.rolls && rolloutDeadlineMs !== null) await followRollout(session, id, change.name, rolloutDeadlineMs);
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			throw new Failure(
				`${change.kind} ${change.name}: ${error.message}`,
				`${done} of ${todo.length} changes were made before that. Mend the file and run the same command: it goes on where it stopped.`,
			);
		}
	}
}

async function send(session: Session, { action, kind, id, body }: Change): Promise<string> {
	const { path } = PATHS[kind];
	if (action === 'update' && id !== null) {
		await session.edge().call('PATCH', `${path}/${id}`, { body });
		return id;
	}
	return String((await session.edge().call('POST', path, { body }))['id']);
}
