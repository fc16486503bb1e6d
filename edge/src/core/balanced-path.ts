/** Which load-balanced endpoint a URL names and what of it is the worker's: `/lb/{endpoint}/…`, or any path of `{endpoint}.<domain>`. Pure: texts in, texts out. */

/** Where a request is to go. `path` keeps the client's own spelling, with the query. */
export interface BalancedTarget {
	readonly endpointId: string;
	readonly path: string;
	/** What stands before `path` at this address: an app that builds URLs of its own needs it. */
	readonly prefix: string;
}

const PREFIX = '/lb/';
const HOST_START = 'https://'.length;

/** Of a path under `/lb/`; null for any other. `url` is absolute. */
export function targetOfPath(url: string): BalancedTarget | null {
	const whole = url.slice(url.indexOf('/', HOST_START));
	if (!whole.startsWith(PREFIX)) return null;
	const rest = whole.slice(PREFIX.length);
	const end = rest.search(/[/?]/);
	const endpointId = end < 0 ? rest : rest.slice(0, end);
	const path = end < 0 ? '/' : rest.slice(end);
	return { endpointId, path: path.startsWith('/') ? path : `/${path}`, prefix: PREFIX + endpointId };
}

/** Of a host name directly below `domain`; null for any other. */
export function targetOfHost(url: string, domain: string): BalancedTarget | null {
	const start = url.indexOf('//') + 2;
	const slash = url.indexOf('/', start);
	const host = (slash < 0 ? url.slice(start) : url.slice(start, slash)).replace(/:\d+$/, '').toLowerCase();
	if (!host.endsWith(`.${domain}`)) return null;
	const endpointId = host.slice(0, -domain.length - 1);
	return endpointId === '' || endpointId.includes('.') ? null : { endpointId, path: slash < 0 ? '/' : url.slice(slash), prefix: '' };
}
