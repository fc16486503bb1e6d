/** What regions' brokers tell their operators, and the edge its tenants, for tests: which worker is on which host, what was decided and why. */
import { type DecisionsV2, decisionsV2 } from '../../shared-schema/src/wire/rest-v2/decisions-answer.ts';
import type { Stack } from './start-stack.ts';

export interface OperatorWorker {
	readonly id: string;
	readonly endpointId: string;
	readonly hostId: string;
	readonly phase: string;
	/** How it came to life, and after how long it could be given work. */
	readonly start?: { readonly kind: 'cold' | 'frozen'; readonly readyMs: number | null };
}

export interface OperatorHost {
	readonly id: string;
	readonly frozen: readonly { readonly id: string; readonly endpointId: string; readonly memoryBytes: number }[];
	readonly starts: {
		readonly frozen: { readonly starts: number; readonly lastMs: number | null };
		readonly cold: { readonly starts: number };
		readonly evicted: number;
		readonly warmJobs: number;
	} | null;
}

/** Hosts of all regions whose broker answers. */
export async function operatorHosts(stack: Stack): Promise<OperatorHost[]> {
	const answers = await Promise.all(stack.local().regions.map((region) => ask<{ hosts: OperatorHost[] }>(region, 'hosts')));
	return answers.flatMap((answer) => answer?.hosts ?? []);
}

/** Workers of all regions whose broker answers. */
export async function operatorWorkers(stack: Stack): Promise<OperatorWorker[]> {
	const answers = await Promise.all(stack.local().regions.map((region) => ask<{ workers: OperatorWorker[] }>(region, 'workers')));
	return answers.flatMap((answer) => answer?.workers ?? []);
}

/** `GET /v2/serverless/{id}/decisions` as the endpoint's owner sees it. */
export async function explainEndpoint(stack: Stack, endpointId: string): Promise<DecisionsV2> {
	const response = await fetch(`${stack.url}/v2/serverless/${endpointId}/decisions`, { headers: { authorization: `Bearer ${stack.apiKey}` }, signal: AbortSignal.timeout(10_000) });
	const text = await response.text();
	if (response.status !== 200) throw new Error(`decisions answered ${response.status}: ${text}`);
	return decisionsV2.parse(JSON.parse(text));
}

/** Takes a host out of service or back, as its region's operator. */
export async function putHostOnDuty(stack: Stack, regionId: string, hostId: string, duty: 'cordon' | 'drain' | 'undrain'): Promise<void> {
	const region = stack.local().regions.find(({ id }) => id === regionId);
	if (region === undefined) throw new Error(`no region ${regionId}`);
	const response = await fetch(`${region.url}/operator/v1/hosts/${hostId}/${duty}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${region.operatorToken}` },
		signal: AbortSignal.timeout(10_000),
	});
	if (!response.ok) throw new Error(`${duty} of ${hostId} answered ${response.status}: ${await response.text()}`);
}

async function ask<T>(region: { readonly url: string; readonly operatorToken: string }, what: string): Promise<T | null> {
	try {
		const response = await fetch(`${region.url}/operator/v1/${what}`, { headers: { authorization: `Bearer ${region.operatorToken}` }, signal: AbortSignal.timeout(2_000) });
		return response.ok ? ((await response.json()) as T) : null;
	} catch {
		return null; // The region is down, as the test wanted.
	}
}
