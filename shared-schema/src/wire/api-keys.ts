/** Shapes of `/v2/keys` and `/admin/accounts`: routes of our own, RunPod has none for them. */
import * as z from 'zod';
import { ID_PATTERN, KEY_ENDPOINTS_MAX, NAME_CHARS_MAX } from '../limits.ts';

const name = z.string().trim().min(1).max(NAME_CHARS_MAX);
const permissions = z
	.array(z.enum(['read', 'run', 'manage']))
	.min(1)
	.max(3)
	.refine((verbs) => new Set(verbs).size === verbs.length, 'names a permission twice');
/** Null: all endpoints of the account, those of the future too. */
const endpointIds = z.array(z.string().regex(ID_PATTERN)).min(1).max(KEY_ENDPOINTS_MAX).nullable();
const expiresAt = z.iso.datetime({ offset: true, message: 'must be a time such as 2027-01-31T12:00:00Z, or null for none' }).nullable();

/** Body of `POST /v2/keys`. Permissions are never assumed. */
export const createKeyBody = z.strictObject({ name, permissions, endpointIds: endpointIds.optional(), expiresAt: expiresAt.optional() }).meta({ id: 'CreateKey' });
export type CreateKeyBody = z.infer<typeof createKeyBody>;

/** Body of `PATCH /v2/keys/{id}`. */
export const updateKeyBody = z.strictObject({ name, permissions, endpointIds, expiresAt }).partial().meta({ id: 'UpdateKey' });
export type UpdateKeyBody = z.infer<typeof updateKeyBody>;

/** Body of `POST /admin/accounts`. */
export const createAccountBody = z.strictObject({ name }).meta({ id: 'CreateAccount' });

/** Body of `PATCH /admin/accounts/{id}`: a suspended account's keys open nothing. */
export const updateAccountBody = z.strictObject({ name, suspended: z.boolean() }).partial().meta({ id: 'UpdateAccount' });
export type UpdateAccountBody = z.infer<typeof updateAccountBody>;

const time = z.iso.datetime();
const keyFields = {
	id: z.string(),
	name: z.string(),
	permissions: z.array(z.enum(['read', 'run', 'manage'])),
	endpointIds: z.array(z.string()).nullable().describe('null: all endpoints of the account, those of the future too.'),
	createdAt: time,
	expiresAt: time.nullable(),
	lastUsedAt: time.nullable(),
};
/** Answers of `/v2/keys`. */
export const keyView = z.object(keyFields).meta({ id: 'Key' });
export const keyList = z.object({ keys: z.array(z.object(keyFields)) }).meta({ id: 'KeyList' });
export const createdKey = z.object({ ...keyFields, key: z.string().describe('The key itself. Shown in this answer only.') }).meta({ id: 'CreatedKey' });

const accountFields = { id: z.string(), name: z.string(), createdAt: time, suspendedAt: time.nullable(), keys: z.int().min(0), endpoints: z.int().min(0) };
/** Answers of `/admin/accounts`. */
export const accountView = z.object(accountFields).meta({ id: 'Account' });
export const accountList = z
	.object({ accounts: z.array(z.object(accountFields)), next: z.string().optional().describe('`after` of the next page; absent on the last.') })
	.meta({ id: 'AccountList' });
export const createdAccount = z
	.object({ id: z.string(), name: z.string(), apiKey: z.string().describe('The first key. Shown in this answer only.') })
	.meta({ id: 'CreatedAccount' });
