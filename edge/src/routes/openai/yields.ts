/** The event text that a job yields, piece by piece, up to its end or to what breaks it. */
import { faultOfEnding, type OpenAiFault, serverFault } from '../../core/openai-error.ts';
import { toStreamText } from '../../core/openai-output.ts';
import type { StreamPart, StreamPlace } from '../../stores/job-stream.ts';
import type { HeldCall } from './held-call.ts';
import { bodyOf } from './whole.ts';

/** Text that came, then perhaps a fault, then perhaps the end. A fault is an end. */
export interface Yielded {
	readonly text: string;
	readonly fault: OpenAiFault | null;
	readonly isEnd: boolean;
}

export interface Yields {
	/** What came next, waiting for it up to `waitMs`. */
	next(waitMs: number): Promise<Yielded>;
}

/** Reads the call's job from its first chunk. */
export function createYields(call: HeldCall): Yields {
	let place: StreamPlace = { epoch: 0, n: 0 };
	let hasText = false;
	return {
		next: async (waitMs) => {
			const part = await call.store().followStream(call.jobId, place, waitMs);
			if (part === null) return broken('', serverFault('the job expired while this call waited'));
			if (hasText && part.epoch !== place.epoch) return restarted(call);
			const last = part.chunks.at(-1);
			if (last !== undefined) place = { epoch: part.epoch, n: last.n + 1 };
			const { text, fault } = join(part);
			hasText ||= text !== '';
			if (fault !== null) return broken(text, fault);
			if (!part.terminal) return { text, fault: null, isEnd: false };
			if (part.status !== 'COMPLETED') return broken(text, faultOfEnding(part.status, part.error));
			return hasText ? { text, fault: null, isEnd: true } : wholeOutput(call);
		},
	};
}

function join({ chunks }: StreamPart): { text: string; fault: OpenAiFault | null } {
	let text = '';
	for (const chunk of chunks) {
		const piece = toStreamText(chunk.text);
		if (typeof piece !== 'string') return { text, fault: piece };
		text += piece;
	}
	return { text, fault: null };
}

/** The client has half an answer of an attempt that is lost: another one cannot continue it, so it need not run. */
async function restarted(call: HeldCall): Promise<Yielded> {
	call.end();
	const view = await call.store().cancel(call.jobId);
	await view?.output?.cancel();
	return broken('', serverFault('the worker was lost while it answered: try again'));
}

/** A worker that ignored `stream` and returned its answer in one piece. */
async function wholeOutput(call: HeldCall): Promise<Yielded> {
	const outcome = await call.store().waitForOutcome(call.jobId, 1);
	if (outcome === null) return broken('', serverFault('the job expired while this call waited'));
	const body = await bodyOf(call, outcome);
	if ('status' in body) return broken('', body);
	const text = body.type === 'application/json' ? `data: ${body.text.replaceAll(/[\r\n]/g, ' ')}\n\ndata: [DONE]\n\n` : body.text;
	return { text, fault: null, isEnd: true };
}

function broken(text: string, fault: OpenAiFault): Yielded {
	return { text, fault, isEnd: true };
}
