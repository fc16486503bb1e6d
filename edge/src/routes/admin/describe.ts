/** What the operator's routes say of themselves. */

import { catalog } from '@longshore/shared-schema/catalog/catalog';
import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { accountList, accountView, createAccountBody, createdAccount, updateAccountBody } from '@longshore/shared-schema/wire/api-keys';
import { hostFigure } from '@longshore/shared-schema/wire/region';
import * as z from 'zod';
import type { Operation } from '../../openapi/operation.ts';
import { REGION_ID_PATTERN, regionBody } from './regions.ts';

const region = [{ name: 'id', text: 'Id of the region; not `edge`.', schema: z.string().regex(REGION_ID_PATTERN), example: 'eu-1' }];

export const putRegionOperation: Operation = {
	id: 'putRegion',
	group: 'Operator',
	summary: 'Add or change a region',
	key: 'operator',
	path: region,
	body: { schema: regionBody, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { url: 'https://broker.eu-1.example', publicKey: 'MCowBQYDK2VwAyEA…' } },
	answers: { 200: { text: 'The region.', schema: z.object({ id: z.string(), url: z.string(), publicKey: z.string() }).meta({ id: 'Region' }) } },
};

export const listRegionsOperation: Operation = {
	id: 'listRegions',
	group: 'Operator',
	summary: 'List regions with their hosts',
	key: 'operator',
	answers: {
		200: {
			text: 'The regions and what they said last.',
			schema: z
				.object({
					regions: z.array(
						z.object({
							id: z.string(),
							url: z.string(),
							heartbeatAgeMs: z.int().min(0).nullable().describe('null: not heard since the edge started.'),
							hosts: z.array(hostFigure),
							endpoints: z.record(z.string(), z.unknown()),
						}),
					),
				})
				.meta({ id: 'RegionList' }),
		},
	},
};

const account = [{ name: 'id', text: 'Id of the account.', schema: z.string(), example: 'a9x2k4m7q0c3v8' }];

export const createAccountOperation: Operation = {
	id: 'createAccount',
	group: 'Operator',
	summary: 'Make an account',
	key: 'operator',
	body: { schema: createAccountBody, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { name: 'team-a' } },
	answers: { 201: { text: 'The account and its first key, shown only here.', schema: createdAccount } },
};

export const listAccountsOperation: Operation = {
	id: 'listAccounts',
	group: 'Operator',
	summary: 'List accounts',
	key: 'operator',
	query: [{ name: 'after', text: 'Id of the last account of the page before.', schema: z.string() }],
	answers: { 200: { text: 'A page of accounts.', schema: accountList } },
};

export const getAccountOperation: Operation = {
	id: 'getAccount',
	group: 'Operator',
	summary: 'Read an account',
	key: 'operator',
	path: account,
	answers: { 200: { text: 'The account.', schema: accountView } },
	errors: ['unknown_resource'],
};

export const updateAccountOperation: Operation = {
	id: 'updateAccount',
	group: 'Operator',
	summary: 'Rename or suspend an account',
	text: 'The keys of a suspended account open nothing.',
	key: 'operator',
	path: account,
	body: { schema: updateAccountBody, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: { suspended: true } },
	answers: { 200: { text: 'The account.', schema: accountView } },
	errors: ['unknown_resource'],
};

export const deleteAccountOperation: Operation = {
	id: 'deleteAccount',
	group: 'Operator',
	summary: 'Delete an account',
	text: 'With its keys, its endpoints and their jobs.',
	key: 'operator',
	path: account,
	answers: { 204: { text: 'It is gone.' } },
	errors: ['unknown_resource'],
};

export const getCatalogOperation: Operation = {
	id: 'getCatalog',
	group: 'Operator',
	summary: 'Read the catalogue',
	key: 'operator',
	answers: { 200: { text: 'GPU types, pools, CPU flavours, data centres and prices that hold now.', schema: catalog } },
};

export const putCatalogOperation: Operation = {
	id: 'putCatalog',
	group: 'Operator',
	summary: 'Replace the catalogue',
	text: 'Prices with their date and source, names, data centres, further GPU types without a pool. Which pool a known type belongs to stays: every region knows it.',
	key: 'operator',
	body: { schema: catalog, bytesMax: MANAGE_BODY_BYTES_MAX, required: true, example: DEFAULT_CATALOG },
	answers: { 200: { text: 'The catalogue.', schema: catalog } },
};

export const resetCatalogOperation: Operation = {
	id: 'resetCatalog',
	group: 'Operator',
	summary: 'Go back to the catalogue that comes with the edge',
	key: 'operator',
	answers: { 204: { text: 'Done.' } },
};
