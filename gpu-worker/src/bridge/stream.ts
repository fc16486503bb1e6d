/** `job-stream`: one chunk of a generator's output. */
import { RESULT_BODY_BYTES_MAX } from '../core/bridge-limits.ts';
import { readChunkBody } from '../core/done-body.ts';
import { splitChunk } from '../core/split-chunk.ts';
import type { BridgeCall } from './call.ts';
import { readBody } from './read-body.ts';
import { answer } from './respond.ts';

/** Chunks are numbered in the order in which they arrive; the worker is held back while the edge is too far behind. */
export async function stream(call: BridgeCall): Promise<void> {
	const { host, worker, route, request, response } = call;
	const body = await readBody(request, RESULT_BODY_BYTES_MAX);
	if (body === null) return;
	const jobId = route.jobId ?? '';
	const standing = host.standing(worker, jobId);
	if (standing.kind === 'unknown') return answer(response, 404, `worker ${worker.id} does not have job ${jobId}`);
	if (standing.kind === 'ended') return answer(response, 200);
	if (body.text === null) return answer(response, 413, `a chunk may have ${RESULT_BODY_BYTES_MAX} bytes, this one has ${body.bytes}`);
	const chunk = readChunkBody(body.text);
	if (chunk === null) return answer(response, 400, 'a chunk must be a JSON object with "output"');
	const whole = Buffer.from(chunk, 'utf8');
	for (const piece of splitChunk(chunk, whole.length)) host.chunk(standing.attempt, piece === chunk ? whole : Buffer.from(piece, 'utf8'));
	await host.roomForChunks();
	answer(response, 200);
}
