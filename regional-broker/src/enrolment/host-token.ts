/** What brokers hand to hosts and know again without having kept it: a host's token for HTTP, and its permit to pull an endpoint's jobs. Both are MACs under the region's host key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ID_PATTERN } from '@longshore/shared-schema/limits';

/** Whose token it is. */
export interface HostIdentity {
	readonly hostId: string;
	/** The NATS key that the host was enrolled with. */
	readonly publicKey: string;
}

/** Permits checked before are kept, this many. */
const PERMITS_KEPT_MAX = 10_000;

export interface HostTokens {
	/** Bearer token of `/host/v1/*`. */
	tokenOf(host: HostIdentity): string;
	/** Null for anything that was not made with this key. */
	read(token: string): HostIdentity | null;
	/** Goes to a host with the order to start a worker of the endpoint. */
	permitOf(hostId: string, endpointId: string): string;
	isPermit(hostId: string, endpointId: string, permit: string): boolean;
}

/** Tokens under `key`, which all brokers of the region share and no host has. */
export function createHostTokens(key: string): HostTokens {
	const mac = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
	const tokenOf = ({ hostId, publicKey }: HostIdentity): string => `${hostId}.${publicKey}.${mac(`host.${hostId}.${publicKey}`)}`;
	const permitOf = (hostId: string, endpointId: string): string => mac(`permit.${hostId}.${endpointId}`);
	const permits = new Set<string>();
	return {
		tokenOf,
		read(token) {
			const [hostId = '', publicKey = ''] = token.split('.');
			return ID_PATTERN.test(hostId) && isSame(token, tokenOf({ hostId, publicKey })) ? { hostId, publicKey } : null;
		},
		permitOf,
		isPermit(hostId, endpointId, permit) {
			const text = `${hostId}.${endpointId}.${permit}`;
			if (permits.has(text)) return true;
			if (!isSame(permit, permitOf(hostId, endpointId))) return false;
			if (permits.size >= PERMITS_KEPT_MAX) permits.clear();
			permits.add(text);
			return true;
		},
	};
}

function isSame(given: string, expected: string): boolean {
	const [a, b] = [Buffer.from(given), Buffer.from(expected)];
	return a.length === b.length && timingSafeEqual(a, b);
}
