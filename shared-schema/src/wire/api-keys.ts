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
export const createKeyBody = z.strictObject({ name, permissions, endpointIds: endpointIds.optional(), expiresAt: expiresAt.optional() });
export type CreateKeyBody = z.infer<typeof createKeyBody>;

/** Body of `PATCH /v2/keys/{id}`. */
export const updateKeyBody = z.strictObject({ name, permissions, endpointIds, expiresAt }).partial();
export type UpdateKeyBody = z.infer<typeof updateKeyBody>;

/** Body of `POST /admin/accounts`. */
export const createAccountBody = z.strictObject({ name });

/** Body of `PATCH /admin/accounts/{id}`: a suspended account's keys open nothing. */
export const updateAccountBody = z.strictObject({ name, suspended: z.boolean() }).partial();
export type UpdateAccountBody = z.infer<typeof updateAccountBody>;
