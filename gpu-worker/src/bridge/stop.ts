/** `job-stop`: a worker's long poll for jobs that it is to stop (SDK 1.10 and later). */
import type { StopPoll } from '../agent/worker.ts';
import type { BridgeCall } from './call.ts';
import { hold } from './hold.ts';
import { answerJson, answerNothing, leaveConnection } from './respond.ts';

/** Held until there is something to stop. */
export function stopPoll(call: BridgeCall): void {
	const { host, worker, request, response } = call;
	request.resume();
	let poll: StopPoll | null = null;
	const held = hold(call, () => {
		if (poll !== null) host.closeStopPoll(poll);
		leaveConnection(response, worker);
		answerNothing(response);
	});
	response.once('close', () => {
		held.end();
		if (poll !== null) host.closeStopPoll(poll);
	});
	poll = {
		worker,
		deliver(jobIds, done) {
			held.end();
			answerJson(response, [Buffer.from(JSON.stringify({ jobsToStop: jobIds }))], done);
		},
		release: held.release,
	};
	host.openStopPoll(poll);
}
