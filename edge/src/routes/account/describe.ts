/** What the routes of an account's own things say of themselves. */
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { createdKey, createKeyBody, keyList, keyView, updateKeyBody } from '@longshore/shared-schema/wire/api-keys';
import type { Operation } from '../../openapi/operation.ts';

const KEY_EXAMPLE = { name: 'ci', permissions: ['run', 'read'], endpointIds: ['ep3kx09q2m5b1c'], expiresAt: '2027-01-31T12:00:00Z' };

export const listKeysOperation: Operation = {
	id: 'listKeys',
	group: 'Keys',
	summary: 'List API keys',
	text: 'Those that are no stronger than the calling one.',
	key: 'manage',
	answers: { 200: { text: 'The keys, without their text.', schema: keyList } },
};

export const createKeyOperation: Operation = {
	id: 'createKey',
	group: 'Keys',
	summary: 'Make an API key',
	text: 'No stronger than the calling one. What is left out is that of the calling key: its endpoints, its end.',
	key: 'manage',
	body: { schema: createKeyBody, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: KEY_EXAMPLE },
	answers: { 201: { text: 'The key, shown only here.', schema: createdKey } },
	errors: ['conflict'],
};

export const getKeyOperation: Operation = {
	id: 'getKey',
	group: 'Keys',
	summary: 'Read an API key',
	key: 'manage',
	answers: { 200: { text: 'The key, without its text.', schema: keyView } },
	errors: ['unknown_resource'],
};

export const updateKeyOperation: Operation = {
	id: 'updateKey',
	group: 'Keys',
	summary: 'Change an API key',
	key: 'manage',
	body: { schema: updateKeyBody, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { permissions: ['read'] } },
	answers: { 200: { text: 'The key, without its text.', schema: keyView } },
	errors: ['unknown_resource'],
};

export const deleteKeyOperation: Operation = {
	id: 'deleteKey',
	group: 'Keys',
	summary: 'Revoke an API key',
	text: 'It opens nothing any more, within 10 s everywhere.',
	key: 'manage',
	answers: { 204: { text: 'It is gone.' } },
	errors: ['unknown_resource'],
};
