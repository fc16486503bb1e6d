/** Which URLs a webhook may name. Pure: decides on the text; the network decides again on the address that a name leads to. */
import { kindOfAddress, readAddress } from './ip-address.ts';

/** What the operator allows and where the edge itself answers. */
export interface GuardRules {
	/** Lets loopback and private addresses pass. */
	readonly allowPrivate: boolean;
	/** The edge's own hosts: `name` for every port, `name:port` for one. */
	readonly ownHosts: readonly string[];
}

/** Names that never lead to a public address. */
const INNER_SUFFIXES: readonly string[] = ['localhost', 'local', 'localdomain', 'internal', 'intranet', 'lan', 'home.arpa'];
/** Names of nobody, and those by which a cloud's machines call their metadata service. */
const DEAD_SUFFIXES: readonly string[] = ['invalid', 'onion', 'metadata.google.internal', 'metadata.goog'];
/** Ports that browsers refuse (fetch standard) above 1023. */
const BAD_PORTS: ReadonlySet<number> = new Set([1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080]);

/** Why the URL can never be called, as the end of a sentence about it; null when it may be tried. */
export function problemOfUrl(text: string, rules: GuardRules): string | null {
	if (!URL.canParse(text)) return 'must be an http or https URL';
	const url = new URL(text);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must be an http or https URL';
	if (url.username !== '' || url.password !== '') return 'must not hold a user name or password: put a secret into the path or query, or check the signature';
	return problemOfPort(url) ?? problemOfHost(url, rules);
}

function problemOfPort(url: URL): string | null {
	const port = portOf(url);
	if (port === 80 || port === 443 || (port >= 1_024 && !BAD_PORTS.has(port))) return null;
	return `must not use port ${port}: use 80, 443 or a port from 1024 that browsers allow`;
}

function problemOfHost(url: URL, rules: GuardRules): string | null {
	const host = url.hostname.replace(/\.$/, '');
	if (rules.ownHosts.some((own) => own === host || own === `${host}:${portOf(url)}`)) return 'must not name this gateway itself';
	const address = readAddress(host);
	if (address === null) return problemOfName(host, rules);
	const kind = kindOfAddress(address);
	if (kind === 'public' || (rules.allowPrivate && kind !== 'reserved')) return null;
	return `must not name a ${kind} address: use a public one`;
}

function problemOfName(name: string, { allowPrivate }: GuardRules): string | null {
	if (name.length > 253 || !name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) return 'must name a host by a DNS name or a public address';
	if (hasSuffix(name, DEAD_SUFFIXES)) return 'must name a host of the public DNS';
	if (allowPrivate) return null;
	return !name.includes('.') || hasSuffix(name, INNER_SUFFIXES) ? 'must not name a host of an inner network: use a public name' : null;
}

function hasSuffix(name: string, suffixes: readonly string[]): boolean {
	return suffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function portOf(url: URL): number {
	return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
