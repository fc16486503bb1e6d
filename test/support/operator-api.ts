/** What regions' brokers tell their operators, for tests: which worker is on which host, what was decided and why. */
import type { Stack } from './start-stack.ts';

export interface OperatorWorker {
	readonly id: string;
	readonly endpointId: string;
	readonly hostId: string;
	readonly phase: string;
}

export interface OperatorDecision {
	readonly at: string;
	readonly kind: string;
	readonly text: string;
	readonly inputs: Readonly<Record<string, unknown>>;
}

/** Workers of all regions whose broker answers. */
export async function operatorWorkers(stack: Stack): Promise<OperatorWorker[]> {
	const answers = await Promise.all(stack.local().regions.map((region) => ask<{ workers: OperatorWorker[] }>(region, 'workers')));
	return answers.flatMap((answer) => answer?.workers ?? []);
}

/** Decisions about an endpoint in all regions, oldest first. */
export async function operatorDecisions(stack: Stack, endpointId: string): Promise<OperatorDecision[]> {
	const answers = await Promise.all(stack.local().regions.map((region) => ask<{ queues: { endpointId: string; decisions: OperatorDecision[] }[] }>(region, 'queues')));
	const decisions = answers.flatMap((answer) => answer?.queues ?? []).filter((queue) => queue.endpointId === endpointId);
	return decisions.flatMap((queue) => queue.decisions).sort((a, b) => (a.at < b.at ? -1 : 1));
}

async function ask<T>(region: { readonly url: string; readonly operatorToken: string }, what: string): Promise<T | null> {
	try {
		const response = await fetch(`${region.url}/operator/v1/${what}`, { headers: { authorization: `Bearer ${region.operatorToken}` }, signal: AbortSignal.timeout(2_000) });
		return response.ok ? ((await response.json()) as T) : null;
	} catch {
		return null; // The region is down, as the test wanted.
	}
}
