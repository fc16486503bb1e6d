/** `POST /v2/{endpoint}/run`: accepts a job; the answer leaves after the commit. */
import { RUN_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { JOB_ID_HEADER, jobAnswer } from './answer.ts';
import { prepareSubmit, refusal, repeatExpired } from './submit.ts';

export async function run(env: Env, request: Request, endpointId: string): Promise<Response> {
	const { store, id, answer } = await withRoom(request, async () => {
		const { store, submission } = await prepareSubmit(env, request, endpointId, 'run', RUN_BODY_BYTES_MAX);
		return { store, id: submission.job.id, answer: await store.submit(submission) };
	});
	if (answer === 'accepted') return new Response(`{"id":"${id}","status":"IN_QUEUE"}`, { headers: { 'content-type': 'application/json', [JOB_ID_HEADER]: id } });
	if (typeof answer === 'string') throw refusal(answer);
	const view = await store.view(answer.repeats);
	if (view === null) throw repeatExpired();
	return jobAnswer(answer.repeats, view);
}
