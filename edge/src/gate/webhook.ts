/** The webhook of a submit: refused at once when it can never be called. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type GuardRules, problemOfUrl } from '../core/address-guard.ts';
import { type Env, settingsOf } from '../env.ts';

/** The operator's rules for webhook addresses. */
export function guardRulesOf(env: Env): GuardRules {
	const { LONGSHORE_WEBHOOK_ALLOW_PRIVATE, LONGSHORE_PUBLIC_HOSTS } = settingsOf(env);
	return { allowPrivate: LONGSHORE_WEBHOOK_ALLOW_PRIVATE === '1', ownHosts: LONGSHORE_PUBLIC_HOSTS };
}

/** Throws `invalid_request` for a URL that no try could ever reach. The address that a name leads to is looked at when it is called. */
export function checkWebhook(env: Env, request: Request, url: string): void {
	const rules = guardRulesOf(env);
	const called = new URL(request.url);
	const port = called.port || (called.protocol === 'https:' ? '443' : '80');
	const problem = problemOfUrl(url, { ...rules, ownHosts: [...rules.ownHosts, `${called.hostname}:${port}`] });
	if (problem !== null) throw new LongshoreError('invalid_request', `webhook: ${problem}`);
}
