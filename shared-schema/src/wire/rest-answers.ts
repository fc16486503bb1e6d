/** Shapes of the management API's answers (REST v2), for its document and for whoever checks an answer. */
import * as z from 'zod';

const integer = z.int().min(0);

const endpointFields = {
	id: z.string(),
	name: z.string(),
	type: z.enum(['QUEUE', 'LOAD_BALANCER']),
	createdAt: z.iso.datetime(),
	version: z.int().min(1).describe('Rises with every change that needs new workers.'),
	image: z.string(),
	entrypoint: z.array(z.string()).optional(),
	args: z.string(),
	env: z.record(z.string(), z.string()),
	disk: integer.nullable().describe('GB of the container’s disk; null: what the host gives.'),
	ports: z.array(z.string()),
	registry: z.string().nullable(),
	gpu: z
		.object({
			pools: z.array(z.string()).describe('In order of preference.'),
			types: z.array(z.string()).optional().describe('Only these types, in order of preference.'),
			excludedTypes: z.array(z.string()),
			count: integer,
			allowedCudaVersions: z.array(z.string()),
			minCudaVersion: z.string().nullable(),
		})
		.optional(),
	cpu: z.array(z.object({ id: z.string(), vcpuCount: integer, memory: z.number().describe('GB.') })).optional(),
	workers: z.object({ min: integer, max: integer, idleTimeout: z.number().optional().describe('Seconds; not there where it does not apply.') }),
	scaling: z.discriminatedUnion('type', [
		z.object({
			type: z.literal('QUEUE_DELAY'),
			queueDelay: z.number(),
			anticipate: z
				.object({ patience: z.number(), spareWorkers: integer })
				.optional()
				.describe('Ours: instead of the delay, workers start and stay by what is usual of the endpoint.'),
		}),
		z.object({ type: z.literal('REQUEST_COUNT'), requestCount: z.int() }),
	]),
	dataCenterIds: z.array(z.string()),
	networkVolumes: z.array(z.string()),
	timeout: integer,
	ttl: integer,
	retries: integer,
	flashboot: z.enum(['OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT']),
	model: z.string().nullable(),
	webhook: z.object({ profile: z.enum(['runpod', 'durable']) }),
	fallbackOrder: z.enum(['tier', 'region']),
	requestUrls: z.record(z.string(), z.string()).describe('Where its jobs are sent; `{job_id}` stands for an id.'),
};

export const endpointV2 = z.object(endpointFields).meta({ id: 'Endpoint' });
export type EndpointV2 = z.infer<typeof endpointV2>;
export const createdEndpointV2 = z
	.object({ ...endpointFields, webhookSecret: z.string().describe('Signs the endpoint’s webhooks (`whsec_…`). Shown in this answer only.') })
	.meta({ id: 'CreatedEndpoint' });
export const endpointListV2 = z.object({ endpoints: z.array(z.object(endpointFields)) }).meta({ id: 'EndpointList' });
export const webhookSecretV2 = z.object({ secret: z.string() }).meta({ id: 'WebhookSecret' });

/** RFC 9457, as every error of the management API. */
export const problem = z
	.object({
		title: z.string(),
		status: z.int(),
		detail: z.string().describe('What is wrong: the field, its bound and the fix.'),
		code: z.string().describe('Of a closed set.'),
		errors: z.array(z.string()),
	})
	.meta({ id: 'Problem' });
