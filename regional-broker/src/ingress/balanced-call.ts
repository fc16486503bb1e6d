/** A load-balanced request as it comes from the edge: whether it is the edge's, whom it is for, and what of its headers goes on to the worker. */
import type { IncomingMessage } from 'node:http';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import type { Affinity } from '@longshore/shared-schema/wire/load-balancer';
import {
	BALANCER_PATH,
	BALANCER_REFUSALS,
	type BalancerRefusal,
	parseAffinity,
	passesOn,
	REFUSAL_HEADER,
	STREAMED_BODY,
	WAIT_HEADER,
	WORKER_ID_HEADER,
} from '@longshore/shared-schema/wire/load-balancer';
import type { createVerifier } from '../edge/signature.ts';

/** A request for a worker, believed. */
export interface BalancedCall {
	readonly endpointId: string;
	/** Path and query for the worker, as the client wrote them. */
	readonly path: string;
	readonly affinity: Affinity | null;
	readonly waitMs: number;
}

/** Longest wait that a request may ask for. ms. */
const WAIT_MS_MAX = 600_000;

/** True for what this road serves. */
export function isBalanced(url: string | undefined): boolean {
	return url?.startsWith(`${BALANCER_PATH}/`) === true;
}

/** The call, or what is wrong with it. */
export function readBalancedCall(incoming: IncomingMessage, verify: ReturnType<typeof createVerifier>): BalancedCall | { readonly status: 400 | 401; readonly error: string } {
	const url = incoming.url ?? '';
	const problem = verify({ method: incoming.method ?? '', pathAndQuery: url, rawHeaders: incoming.rawHeaders, body: STREAMED_BODY });
	if (problem !== null) return { status: 401, error: problem };
	const rest = url.slice(BALANCER_PATH.length + 1);
	const end = rest.search(/[/?]/);
	const endpointId = end < 0 ? rest : rest.slice(0, end);
	if (!ID_PATTERN.test(endpointId)) return { status: 400, error: 'path: names no endpoint' };
	const path = end < 0 ? '/' : rest.slice(end);
	const affinity = parseAffinity(headerOf(incoming, WORKER_ID_HEADER));
	if (affinity === 'malformed') return { status: 400, error: `${WORKER_ID_HEADER}: must be a worker's id, "strict <id>" or "strict-resume <id>"` };
	const waitMs = Number(headerOf(incoming, WAIT_HEADER) ?? 0);
	return { endpointId, path: path.startsWith('/') ? path : `/${path}`, affinity, waitMs: waitMs >= 0 && waitMs <= WAIT_MS_MAX ? waitMs : 0 };
}

/** Headers for the worker, names and values in turn: the client's own, with the host that it called. */
export function headersForWorker(incoming: IncomingMessage): string[] {
	const { rawHeaders } = incoming;
	const connection = incoming.headers.connection ?? '';
	const headers: string[] = ['host', headerOf(incoming, 'x-forwarded-host') ?? incoming.headers.host ?? 'worker'];
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
		const lower = name.toLowerCase();
		if (lower === 'host' || lower === 'expect' || lower === WORKER_ID_HEADER || !passesOn(name, connection)) continue;
		headers.push(name, value);
	}
	return headers;
}

/** Headers of a worker's answer for the client, names and values in turn. */
export function headersForClient(answer: IncomingMessage, workerId: string): string[] {
	const { rawHeaders } = answer;
	const connection = answer.headers.connection ?? '';
	const headers = ['X-Runpod-Worker-Id', workerId];
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const [name = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
		if (name.toLowerCase() !== WORKER_ID_HEADER && passesOn(name, connection)) headers.push(name, value);
	}
	return headers;
}

/** Status, headers and body of a refusal. */
export function refusalAnswer(refusal: BalancerRefusal, workerId: string | null = null): { status: number; headers: Record<string, string>; body: string } {
	const { status, error } = BALANCER_REFUSALS[refusal];
	const headers = { 'content-type': 'application/json', [REFUSAL_HEADER]: refusal, ...(workerId === null ? {} : { [WORKER_ID_HEADER]: workerId }) };
	return { status, headers, body: JSON.stringify({ error }) };
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
	const value = incoming.headers[name];
	return Array.isArray(value) ? value.join(', ') : value;
}
