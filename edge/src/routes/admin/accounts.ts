/** `POST /admin/accounts`: the operator makes an account; its first key is shown once. */
import * as z from 'zod';
import { type Env, settingsOf } from '../../env.ts';
import { createApiKey, hashApiKey } from '../../gate/api-key.ts';
import { requireOperator } from '../../gate/authenticate.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { readManageBody } from '../serverless/parse.ts';

const accountBody = z.strictObject({ name: z.string().min(1).max(191) });

export async function createAccount(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	const { name } = await readManageBody(request, accountBody);
	const id = createCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'account');
	const apiKey = createApiKey(id);
	await env.ACCOUNT_STORE.getByName(id).create(id, name, hashApiKey(apiKey));
	return Response.json({ id, apiKey }, { status: 201 });
}
