/** Puts the topology, one account and the example into the edge; what it did is kept in the home, so that a restart finds the same ids. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { EdgeApi } from './edge-api.ts';
import type { Example } from './example.ts';
import type { RegionNetwork } from './network.ts';
import type { StackSecrets } from './secrets.ts';
import { readState, writeState } from './state-file.ts';

/** What is in the edge already. */
interface Deployed {
	readonly account: { readonly id: string; readonly apiKey: string };
	/** By name. */
	readonly endpoints: Readonly<Record<string, { readonly id: string; readonly definition: string }>>;
}

const account = z.object({ id: z.string(), apiKey: z.string() });
const endpoint = z.object({ id: z.string() });

/** Tells the edge of each region: where it is and whose signature counts. */
export async function registerRegions(api: EdgeApi, secrets: StackSecrets, network: readonly RegionNetwork[]): Promise<void> {
	await Promise.all(
		network.map((region) => api.call('PUT', `/admin/regions/${region.id}`, secrets.operatorToken, { url: region.urlFromEdge, publicKey: secrets.regions[region.id]?.publicKey })),
	);
}

/** Hosts report a moment after they are up; until the edge has heard of all it refuses data centres and GPUs that it does not know yet. */
const HOSTS_WAIT_MS = 20_000;
const LOOK_MS = 50;
const regionList = z.object({ regions: z.array(z.object({ hosts: z.array(z.unknown()) })) });

/** Waits until the edge knows `hosts` hosts; goes on without the late ones after a while. */
export async function untilHostsKnown(api: EdgeApi, secrets: StackSecrets, hosts: number): Promise<void> {
	for (const untilMs = performance.now() + HOSTS_WAIT_MS; performance.now() < untilMs; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
		const { regions } = regionList.parse(await api.call('GET', '/admin/regions', secrets.operatorToken));
		if (regions.reduce((sum, region) => sum + region.hosts.length, 0) >= hosts) return;
	}
}

/** The account's key and the ids of the endpoints by name, made or found again. */
export async function deploy(api: EdgeApi, secrets: StackSecrets, file: string, example: Example | undefined): Promise<{ apiKey: string; endpoints: Record<string, string> }> {
	let deployed = readState<Deployed>(file);
	if (deployed === undefined) {
		deployed = { account: account.parse(await api.call('POST', '/admin/accounts', secrets.operatorToken, { name: 'local' })), endpoints: {} };
		writeState(file, deployed);
	}
	const { apiKey } = deployed.account;
	if (example === undefined) return { apiKey, endpoints: {} };
	const id = await putEndpoint(api, apiKey, deployed.endpoints[example.name], example);
	const endpoints = { ...deployed.endpoints, [example.name]: { id, definition: hash(example.definition) } };
	writeState(file, { ...deployed, endpoints } satisfies Deployed);
	return { apiKey, endpoints: { [example.name]: id } };
}

/** Creates the endpoint, or changes the one of an earlier start when its definition is another now. */
async function putEndpoint(api: EdgeApi, apiKey: string, old: { readonly id: string; readonly definition: string } | undefined, example: Example): Promise<string> {
	if (old !== undefined) {
		const found = await api.call('GET', `/v2/serverless/${old.id}`, apiKey);
		if (found !== undefined) {
			if (old.definition !== hash(example.definition)) await api.call('PATCH', `/v2/serverless/${old.id}`, apiKey, example.definition);
			return old.id;
		}
	}
	return endpoint.parse(await api.call('POST', '/v2/serverless', apiKey, example.definition)).id;
}

function hash(definition: unknown): string {
	return createHash('sha256').update(JSON.stringify(definition)).digest('hex');
}
