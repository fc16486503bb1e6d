/** Which interface a path belongs to: they differ in their errors and in who serves them. Pure. */

/** First segments behind `/v2/` that name a kind of thing; any other is an endpoint's id, 14 letters and digits. */
const MANAGED: ReadonlySet<string> = new Set(['serverless', 'keys', 'templates', 'network-volumes', 'registries', 'secrets', 'account', 'catalog', 'billing']);
const SEGMENT = /^\/v2\/([a-z-]+)(?![^/?#])/;

/** The kind of thing that a path of REST v2 manages, or null for any other path. A query behind it does no harm. */
export function managedNoun(path: string): string | null {
	const noun = SEGMENT.exec(path)?.[1];
	return noun !== undefined && MANAGED.has(noun) ? noun : null;
}
