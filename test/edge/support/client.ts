/** A client of one endpoint: RunPod's verbs, the answers as they came. */
import { until } from '../../support/wait.ts';
import type { Dispatched, Region } from './region-stand-in.ts';
import type { Answer, Edge } from './start-edge.ts';

export interface Client {
	readonly endpointId: string;
	readonly key: string;
	/** Id of a new job. */
	run(body?: unknown): Promise<string>;
	post(verb: string, body?: unknown): Promise<Answer>;
	status(job: string): Promise<Answer>;
	cancel(job: string): Promise<Answer>;
	health(): Promise<{ jobs: Record<string, number>; workers: Record<string, number> }>;
	/** The job's body once its status is one of these. */
	untilStatus(job: string, ...statuses: string[]): Promise<Record<string, unknown>>;
	/** A new job, and its dispatch at the region. */
	runAt(region: Region, body?: unknown): Promise<Dispatched>;
}

const GPU_ENDPOINT = { name: 'test', type: 'QUEUE', image: 'image:1', gpu: { pools: ['ADA_24'] } };

/** Creates an endpoint of a new account (or of `key`) and waits for its grants at `regions`. */
export async function deploy(edge: Edge, regions: readonly Region[], over: object = {}, key?: string): Promise<Client> {
	for (const region of regions) await region.heartbeat();
	const apiKey = key ?? (await edge.createAccount());
	const created = await edge.call('POST', '/v2/serverless', { ...GPU_ENDPOINT, ...over }, apiKey);
	if (created.status !== 201) throw new Error(`endpoint not created: ${created.text}`);
	return clientOf(edge, created.body['id'] as string, apiKey);
}

export function clientOf(edge: Edge, endpointId: string, key: string): Client {
	const call = (method: string, path: string, body?: unknown): Promise<Answer> => edge.call(method, `/v2/${endpointId}/${path}`, body, key);
	const client: Client = {
		endpointId,
		key,
		run: async (body = { input: {} }) => {
			const answer = await call('POST', 'run', body);
			if (answer.status !== 200) throw new Error(`run answered ${answer.status}: ${answer.text}`);
			return answer.body['id'] as string;
		},
		post: (verb, body = { input: {} }) => call('POST', verb, body),
		status: (job) => call('GET', `status/${job}`),
		cancel: (job) => call('POST', `cancel/${job}`),
		health: async () => (await call('GET', 'health')).body as Awaited<ReturnType<Client['health']>>,
		untilStatus: (job, ...statuses) =>
			until(
				async (note) => {
					const { body } = await client.status(job);
					note(body);
					return statuses.includes(body['status'] as string) && body;
				},
				{ what: `${job} to be ${statuses.join(' or ')}`, timeoutMs: 20_000, everyMs: 25 },
			),
		runAt: async (region, body) => {
			const job = await client.run(body);
			return region.dispatched.next(({ id }) => id === job, `dispatch of ${job} to ${region.id}`);
		},
	};
	return client;
}
