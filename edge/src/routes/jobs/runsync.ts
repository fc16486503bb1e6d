/** `POST /v2/{endpoint}/runsync?wait=`: accepts a job and answers at its end, or with its state when the wait is over. */
import { RUNSYNC_BODY_BYTES_MAX, SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { heldAnswer, jobAnswer } from './answer.ts';
import { prepareSubmit, refusal, repeatExpired } from './submit.ts';
import { waitMsOf } from './wait.ts';

/** Jobs that end within this time are answered in one piece; after it the head with the job's id leaves and the body follows. */
const ONE_PIECE_MS = 1_000;

export async function runsync(env: Env, request: Request, endpointId: string, ctx: ExecutionContext): Promise<Response> {
	const waitMs = waitMsOf(request, SYNC_WAIT_MS);
	const { store, submittedId, first } = await withRoom(request, async () => {
		const { store, submission } = await prepareSubmit(env, request, endpointId, 'runsync', RUNSYNC_BODY_BYTES_MAX);
		return { store, submittedId: submission.job.id, first: await store.submitAndWait(submission, Math.min(waitMs, ONE_PIECE_MS)) };
	});
	if (typeof first === 'string') throw refusal(first);
	const id = 'repeats' in first ? first.repeats : submittedId;
	const view = 'repeats' in first ? await store.view(id) : first;
	if (view === null) throw repeatExpired();
	if (view.terminal || waitMs <= ONE_PIECE_MS) return jobAnswer(id, view);
	return heldAnswer(id, store.waitForEnd(id, waitMs - ONE_PIECE_MS), ctx);
}
