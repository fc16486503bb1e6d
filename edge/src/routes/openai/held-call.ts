/** A call that holds its client until its job has ended: notices when the client leaves, and then cancels the job. */
import type { JobStore } from '../../stores/job-store.ts';

/** The job of a call and what is known of its client. */
export interface HeldCall {
	readonly jobId: string;
	readonly ctx: ExecutionContext;
	/** The job's store, a new stub each time: one breaks with its object. */
	readonly store: () => DurableObjectStub<JobStore>;
	/** Resolves with `left` when the client leaves before `end`. */
	readonly left: Promise<'left'>;
	/** Writes to the client; `left` when it is not there any more. */
	write(writer: WritableStreamDefaultWriter<Uint8Array>, text: string): Promise<unknown>;
	/** The answer is complete: whatever the client does now, the job is none of it. */
	end(): void;
}

const encoder = new TextEncoder();

/**
 * Watches `request`'s client from now on. workerd notices that a client has left when it writes to it: either the signal aborts, and
 * the write never ends, or the write fails, and the signal does not abort.
 */
export function createHeldCall(store: () => DurableObjectStub<JobStore>, jobId: string, request: Request, ctx: ExecutionContext, isCancelledWithClient: boolean): HeldCall {
	let isOver = false;
	let resolveLeft: (left: 'left') => void = () => undefined;
	const left = new Promise<'left'>((resolve) => {
		resolveLeft = resolve;
	});
	const leave = (): 'left' => {
		if (!isOver && isCancelledWithClient) ctx.waitUntil(cancelJob(store(), jobId));
		isOver = true;
		resolveLeft('left');
		return 'left';
	};
	if (request.signal.aborted) leave();
	else request.signal.addEventListener('abort', leave, { once: true });
	return {
		jobId,
		ctx,
		store,
		left,
		write: (writer, text) => Promise.race([writer.write(encoder.encode(text)).catch(leave), left]),
		end: () => {
			isOver = true;
		},
	};
}

async function cancelJob(store: DurableObjectStub<JobStore>, jobId: string): Promise<void> {
	const view = await store.cancel(jobId);
	await view?.output?.cancel();
}
