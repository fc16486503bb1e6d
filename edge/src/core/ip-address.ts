/** Reads IP address literals as WHATWG URLs write them, and says what kind of network an address lies in. Pure. */

/** An address as 4 or 16 bytes. */
export type AddressBytes = readonly number[];

/** `public`, or why an address is not: `local` is this machine, `private` somebody's inner network, `reserved` nobody's to talk to. */
export type AddressKind = 'public' | 'private' | 'local' | 'reserved';

type Range = readonly [kind: Exclude<AddressKind, 'public'>, prefix: AddressBytes, bits: number];

/**
 * The first match counts. Most clouds' metadata lies in 169.254/16: link-local is refused everywhere, hence `reserved`; single addresses are
 * the metadata services of Alibaba Cloud and Azure, and below of AWS and Google Cloud, which lie in networks that an operator may allow.
 */
const IPV4_RANGES: readonly Range[] = [
	['reserved', [100, 100, 100, 200], 32],
	['reserved', [168, 63, 129, 16], 32],
	['reserved', [0, 0, 0, 0], 8],
	['private', [10, 0, 0, 0], 8],
	['private', [100, 64, 0, 0], 10],
	['local', [127, 0, 0, 0], 8],
	['reserved', [169, 254, 0, 0], 16],
	['private', [172, 16, 0, 0], 12],
	['reserved', [192, 0, 0, 0], 24],
	['reserved', [192, 0, 2, 0], 24],
	['reserved', [192, 88, 99, 0], 24],
	['private', [192, 168, 0, 0], 16],
	['reserved', [198, 18, 0, 0], 15],
	['reserved', [198, 51, 100, 0], 24],
	['reserved', [203, 0, 113, 0], 24],
	['reserved', [224, 0, 0, 0], 3],
];

const IPV6_RANGES: readonly Range[] = [
	['local', groups(0, 0, 0, 0, 0, 0, 0, 1), 128],
	['reserved', groups(0xfd00, 0xec2), 32],
	['reserved', groups(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128],
	['private', groups(0xfc00), 7],
	['reserved', groups(0xfe80), 10],
	['reserved', groups(0xfec0), 10],
	['reserved', groups(0xff00), 8],
	['reserved', groups(0x2001, 0xdb8), 32],
	['reserved', groups(0x3fff), 20],
	['reserved', groups(0x100), 64],
	['reserved', groups(0x5f00), 16],
	['reserved', groups(0x64, 0xff9b, 1), 48],
];

/** Prefixes that carry an IPv4 address, and the byte at which it begins: mapped, compatible, translated, NAT64, 6to4. */
const EMBEDDINGS: readonly (readonly [prefix: AddressBytes, bits: number, at: number])[] = [
	[groups(0, 0, 0, 0, 0, 0xffff), 96, 12],
	[groups(0, 0, 0, 0, 0xffff, 0), 96, 12],
	[groups(0), 96, 12],
	[groups(0x64, 0xff9b), 96, 12],
	[groups(0x2002), 16, 2],
];
const TEREDO = groups(0x2001, 0);

/** The address that a URL's `hostname` is, or null when that is a name. The URL parser has already made every form of IPv4 dotted decimal. */
export function readAddress(hostname: string): AddressBytes | null {
	if (hostname.startsWith('[')) return readIpv6(hostname.slice(1, -1));
	return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? hostname.split('.').map(Number) : null;
}

/** What kind of network an address lies in; an IPv6 address that carries an IPv4 one is at least as bad as that one. */
export function kindOfAddress(address: AddressBytes): AddressKind {
	if (address.length === 4) return kindIn(IPV4_RANGES, address);
	const own = kindIn(IPV6_RANGES, address);
	if (own !== 'public') return own;
	// Teredo hides its client's address behind an exclusive or; nothing legitimate listens there.
	if (isWithin(address, TEREDO, 32)) return 'reserved';
	const embedding = EMBEDDINGS.find(([prefix, bits]) => isWithin(address, prefix, bits));
	if (embedding === undefined) return 'public';
	const [, , at] = embedding;
	return kindIn(IPV4_RANGES, address.slice(at, at + 4));
}

function kindIn(ranges: readonly Range[], address: AddressBytes): AddressKind {
	return ranges.find(([, prefix, bits]) => isWithin(address, prefix, bits))?.[0] ?? 'public';
}

function isWithin(address: AddressBytes, prefix: AddressBytes, bits: number): boolean {
	for (let i = 0; i * 8 < bits; i++) {
		const mask = bits - i * 8 >= 8 ? 0xff : (0xff << (8 - (bits - i * 8))) & 0xff;
		if (((address[i] ?? 0) & mask) !== ((prefix[i] ?? 0) & mask)) return false;
	}
	return true;
}

/** The serialisation of the URL standard: hexadecimal groups, one `::` at most, no dotted tail. */
function readIpv6(text: string): AddressBytes {
	const [head = '', tail] = text.split('::');
	const before = numbersOf(head);
	const after = tail === undefined ? [] : numbersOf(tail);
	const gap = tail === undefined ? 0 : 8 - before.length - after.length;
	return bytesOf([...before, ...Array.from({ length: gap }, () => 0), ...after]);
}

function numbersOf(text: string): number[] {
	return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function groups(...first: number[]): AddressBytes {
	return bytesOf([...first, ...Array.from({ length: 8 - first.length }, () => 0)]);
}

function bytesOf(words: readonly number[]): AddressBytes {
	return words.flatMap((word) => [word >> 8, word & 0xff]);
}
