/** What the verbs on an account's own things share: the caller with its store, and the one 404 for what is not there or not theirs. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { KeyVerb } from '../../core/key-scope.ts';
import type { Env } from '../../env.ts';
import { authenticate, type Caller, requireAccountScope } from '../../gate/authenticate.ts';
import type { AccountStore } from '../../stores/account-store.ts';

/** A caller and the store of its account. */
export interface Account {
	readonly caller: Caller;
	readonly store: DurableObjectStub<AccountStore>;
}

/** The caller of a call about the whole account. Throws the gate's errors. */
export async function enterAccount(env: Env, request: Request, verb: KeyVerb): Promise<Account> {
	const caller = await authenticate(env, request);
	requireAccountScope(caller, verb);
	return { caller, store: env.ACCOUNT_STORE.getByName(caller.accountId) };
}

/** `thing`, unless there is none. */
export function found<T>(thing: T | null, what: string): T {
	if (thing === null) throw new LongshoreError('unknown_resource', `${what} not found`);
	return thing;
}

/** An answer without a body. */
export function noContent(): Response {
	return new Response(null, { status: 204 });
}
