/** What an API key may do: verbs, on all endpoints or on chosen ones, until a time. Pure. */

/** Read looks, run submits and steers jobs, manage changes endpoints and what belongs to the account. None contains another. */
export const KEY_VERBS = ['read', 'run', 'manage'] as const;
export type KeyVerb = (typeof KEY_VERBS)[number];

/** What a key may do, and on which endpoints (null: all). */
export interface KeyScope {
	readonly endpoints: readonly string[] | null;
	readonly verbs: readonly KeyVerb[];
}

/** A scope with its end, milliseconds since 1970 (null: none). */
export interface KeyPower extends KeyScope {
	readonly expiresAt: number | null;
}

/** Whether the scope reaches an endpoint. */
export function reachesEndpoint({ endpoints }: KeyScope, endpointId: string): boolean {
	return endpoints === null || endpoints.includes(endpointId);
}

/** Whether all that `inner` may do, `outer` may do too, for at least as long: only such a key may be made, seen or changed with `outer`. */
export function coversKey(outer: KeyPower, inner: KeyPower): boolean {
	const verbs = inner.verbs.every((verb) => outer.verbs.includes(verb));
	const endpoints = outer.endpoints === null || (inner.endpoints?.every((id) => reachesEndpoint(outer, id)) ?? false);
	const time = outer.expiresAt === null || (inner.expiresAt !== null && inner.expiresAt <= outer.expiresAt);
	return verbs && endpoints && time;
}
