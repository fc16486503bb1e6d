/** Follows a new release until every worker runs it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure } from '../api/client.ts';
import type { Session } from '../session.ts';
import { type Progress, withProgress } from '../terminal/progress.ts';

const ROLLOUT_POLL_MS = 500;

/** Rollout figures of `/releases`. */
interface Rollout {
	readonly inProgress: boolean;
	readonly workersOnLatest: number;
	readonly workersTotal: number;
	readonly percentOnLatest: number;
}

/** Shows how many workers run the new release until all do, or time is up. */
export async function followRollout(session: Session, endpointId: string, name: string, deadlineMs: number): Promise<void> {
	const last = await withProgress(session.terminal, `${name}: workers change over`, (progress) => watchRollout(session, endpointId, name, deadlineMs, progress));
	if (last === null) return;
	if (last.inProgress)
		session.warn(
			`${name}: ${last.workersOnLatest} of ${last.workersTotal} workers run the new release so far; the others finish their jobs first. Watch: longshore endpoint workers ${name}`,
		);
	else session.done(`${name}: all workers run the new release`);
}

async function watchRollout(session: Session, endpointId: string, name: string, deadlineMs: number, progress: Progress): Promise<Rollout | null> {
	for (;;) {
		let rollout: Rollout;
		try {
			rollout = (await session.edge().call('GET', `/v2/serverless/${endpointId}/releases`))['rollout'] as Rollout;
		} catch (error) {
			if (error instanceof ApiFailure && error.status === 404) return null; // An edge that does not tell.
			throw error;
		}
		if (!rollout.inProgress || performance.now() >= deadlineMs) return rollout;
		progress.update(`${name}: ${rollout.workersOnLatest} of ${rollout.workersTotal} workers run the new release`, rollout.percentOnLatest / 100);
		await sleep(ROLLOUT_POLL_MS);
	}
}
