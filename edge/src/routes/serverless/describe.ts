/** What the routes that manage endpoints say of themselves. */
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { createdEndpointV2, endpointListV2, endpointV2, webhookSecretV2 } from '@longshore/shared-schema/wire/rest-answers';
import { decisionsV2 } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import { createEndpointV2, updateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { releasesV2, rollbackV2, workersV2 } from '@longshore/shared-schema/wire/rest-v2/fleet-answers';
import type { Operation } from '../../openapi/operation.ts';

const EXAMPLE = {
	name: 'sentences',
	type: 'QUEUE',
	image: 'registry.example/sentences:1.4',
	gpu: { pools: ['ADA_24', 'AMPERE_80'], count: 1 },
	workers: { min: 0, max: 3, idleTimeout: 5 },
};

export const listServerlessOperation: Operation = {
	id: 'listEndpoints',
	group: 'Endpoints',
	summary: 'List endpoints',
	key: 'read',
	answers: { 200: { text: 'The account’s endpoints.', schema: endpointListV2 } },
};

export const createServerlessOperation: Operation = {
	id: 'createEndpoint',
	group: 'Endpoints',
	summary: 'Make an endpoint',
	text: 'Exactly one of `gpu` and `cpu`. The pools are tried in their order, over all regions. Unknown members are refused.',
	key: 'manage',
	body: { schema: createEndpointV2, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: EXAMPLE },
	answers: { 201: { text: 'The endpoint.', schema: createdEndpointV2 } },
};

export const getServerlessOperation: Operation = {
	id: 'getEndpoint',
	group: 'Endpoints',
	summary: 'Read an endpoint',
	key: 'read',
	answers: { 200: { text: 'The endpoint.', schema: endpointV2 } },
	errors: ['unknown_endpoint'],
};

export const updateServerlessOperation: Operation = {
	id: 'updateEndpoint',
	group: 'Endpoints',
	summary: 'Change an endpoint',
	text: 'What the body leaves out stays. The name, the workers, scaling and time-outs apply in place; anything else makes a new version with new workers.',
	key: 'manage',
	body: { schema: updateEndpointV2, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { workers: { max: 5 } } },
	answers: { 200: { text: 'The endpoint.', schema: endpointV2 } },
	errors: ['unknown_endpoint'],
};

export const deleteServerlessOperation: Operation = {
	id: 'deleteEndpoint',
	group: 'Endpoints',
	summary: 'Delete an endpoint',
	key: 'manage',
	answers: { 204: { text: 'It is gone, its workers are taken back.' } },
	errors: ['unknown_endpoint'],
};

export const rotateWebhookSecretOperation: Operation = {
	id: 'rotateWebhookSecret',
	group: 'Endpoints',
	summary: 'Replace the secret that signs webhooks',
	text: 'Shown once. The old one signs beside it for 24 hours.',
	key: 'manage',
	answers: { 200: { text: 'The new secret.', schema: webhookSecretV2 } },
	errors: ['unknown_endpoint'],
};

export const listWorkersOperation: Operation = {
	id: 'listEndpointWorkers',
	group: 'Endpoints',
	summary: 'List an endpoint’s workers',
	text: 'Asked of the regions now. Workers that wait for room are THROTTLED and have no place yet.',
	key: 'read',
	answers: { 200: { text: 'The workers and their sums.', schema: workersV2 } },
	errors: ['unknown_endpoint'],
};

export const listReleasesOperation: Operation = {
	id: 'listEndpointReleases',
	group: 'Endpoints',
	summary: 'List an endpoint’s releases',
	text: 'With what each one changed, and how many workers already run the current one.',
	key: 'read',
	answers: { 200: { text: 'The releases, newest first, and the progress of the current one.', schema: releasesV2 } },
	errors: ['unknown_endpoint'],
};

export const listDecisionsOperation: Operation = {
	id: 'listEndpointDecisions',
	group: 'Endpoints',
	summary: 'Explain an endpoint’s workers',
	text: 'Ours: how the workers are shared among regions, what is missing and why, which workers failed, and the last decisions with what they rested on.',
	key: 'read',
	answers: { 200: { text: 'The shares, what is missing, the failures and the decisions.', schema: decisionsV2 } },
	errors: ['unknown_endpoint'],
};

export const rollbackOperation: Operation = {
	id: 'rollbackEndpoint',
	group: 'Endpoints',
	summary: 'Go back to an earlier release',
	text: 'Makes a new release with what workers of the earlier one were made of; the name, the workers, scaling and time-outs stay.',
	key: 'manage',
	body: { schema: rollbackV2, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { version: 1 } },
	answers: { 200: { text: 'The endpoint with its new version.', schema: endpointV2 } },
	errors: ['unknown_endpoint', 'unknown_resource', 'conflict'],
};
