/** The plain Python app of `workers/balanced` behind load-balancing endpoints, and calls to it. */
import { resolve } from 'node:path';
import { shellCommand } from './deploy.ts';
import { SHORT_TIMERS } from './short-timers.ts';
import type { Stack } from './start-stack.ts';

export const DIRECTORY = resolve(import.meta.dirname, 'workers/balanced');
export const PYTHON = shellCommand('python3', '-u', 'app.py');
/** A worker for each request at one time. */
export const SCALING = { type: 'REQUEST_COUNT', requestCount: 1 } as const;

/** Waits of seconds instead of minutes. */
export const BALANCER_TIMERS: Readonly<Record<string, string>> = {
	...SHORT_TIMERS,
	LONGSHORE_BALANCER_WAIT_MS: '4000',
	LONGSHORE_BALANCER_STRICT_WAIT_MS: '3000',
	LONGSHORE_BALANCER_REQUEST_MS: '8000',
	LONGSHORE_HEALTH_CHECK_MS: '200',
};

/** What the app saw of a request. */
export interface Echo {
	readonly method: string;
	readonly path: string;
	readonly headers: readonly (readonly [string, string])[];
	readonly bytes: number;
	readonly sha256: string;
	readonly worker: string;
}

/** A call with the stack's key; redirects are not followed. */
export function callBalanced(stack: Stack, endpoint: string, path: string, options: RequestInit = {}): Promise<Response> {
	return fetch(`${stack.url}/lb/${endpoint}${path}`, {
		redirect: 'manual',
		...options,
		headers: { authorization: `Bearer ${stack.apiKey}`, ...(options.headers as Record<string, string>) },
	});
}
