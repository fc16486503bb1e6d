/** Large payloads down and large outputs up between hosts and the edge, signed by the region and otherwise untouched. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import { EDGE_PATHS } from '@longshore/shared-schema/wire/region';
import { ATTEMPT_HEADER } from '@longshore/shared-schema/wire/signature';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';

const TIMEOUT_MS = 30_000;

export interface Transfer {
	readonly jobId: string;
	readonly epoch: string;
	readonly attempt: string;
}

/** The transfer that a request names, or what is wrong with it. */
export function readTransfer(jobId: string, epoch: string | undefined, attempt: string | undefined): Transfer | { readonly error: string } {
	if (!ID_PATTERN.test(jobId)) return { error: 'job id: must match [A-Za-z0-9_-]{1,64}' };
	if (epoch === undefined || !/^[1-9]\d{0,8}$/.test(epoch)) return { error: 'epoch: must be a whole number from 1; add ?epoch=N' };
	if (attempt === undefined || !/^[\x21-\x7e]{16,64}$/.test(attempt)) return { error: `${ATTEMPT_HEADER}: must be the attempt's token` };
	return { jobId, epoch, attempt };
}

/** Streams the edge's answer to the host; 502 when the edge cannot be reached. */
export async function sendPayload(edge: EdgeClient, transfer: Transfer, outgoing: ServerResponse, log: Log): Promise<void> {
	let answer: IncomingMessage;
	try {
		answer = await edge.open({ method: 'GET', path: pathOf(EDGE_PATHS.payload, transfer), headers: { [ATTEMPT_HEADER]: transfer.attempt }, timeoutMs: TIMEOUT_MS });
	} catch (error) {
		log.warn('a payload cannot be fetched', { job: transfer.jobId, error: errorText(error) });
		outgoing.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ error: 'the edge cannot be reached' }));
		return;
	}
	outgoing.writeHead(answer.statusCode ?? 502, keepHeaders(answer));
	// A cut connection shows the host a short body, which its content length exposes; there is nobody else to tell.
	await pipeline(answer, outgoing).catch((error: unknown) => log.warn('a payload was cut off', { job: transfer.jobId, error: errorText(error) }));
}

/** Passes an output on and the edge's answer back. */
export async function uploadOutput(edge: EdgeClient, transfer: Transfer, body: Uint8Array, log: Log): Promise<{ status: number; body: string }> {
	try {
		const answer = await edge.send({
			method: 'PUT',
			path: pathOf(EDGE_PATHS.output, transfer),
			body,
			headers: { [ATTEMPT_HEADER]: transfer.attempt, 'content-type': 'application/octet-stream' },
			timeoutMs: TIMEOUT_MS,
		});
		return { status: answer.status, body: answer.body.toString() };
	} catch (error) {
		log.warn('an output cannot be uploaded', { job: transfer.jobId, bytes: body.length, error: errorText(error) });
		return { status: 502, body: JSON.stringify({ error: 'the edge cannot be reached' }) };
	}
}

function pathOf(prefix: string, { jobId, epoch }: Transfer): string {
	return `${prefix}/${jobId}?epoch=${epoch}`;
}

function keepHeaders(answer: IncomingMessage): Record<string, string> {
	const kept: Record<string, string> = {};
	for (const name of ['content-type', 'content-length'] as const) {
		const value = answer.headers[name];
		if (value !== undefined) kept[name] = value;
	}
	return kept;
}
