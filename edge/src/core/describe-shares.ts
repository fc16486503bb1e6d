/** Why an endpoint's workers are shared among regions as they are, in a sentence. Pure. */
import type { RegionUse, Share } from './allocate-grants.ts';

/** What became of each region's share, and what the regions had said. */
export function describeShares(before: readonly Share[], after: readonly Share[], uses: ReadonlyMap<string, RegionUse>): string {
	const regions = [...new Set([...before, ...after].map(({ region }) => region))];
	const parts = regions.flatMap((region) => {
		const was = before.find((share) => share.region === region);
		const is = after.find((share) => share.region === region);
		const text = describe(was, is, uses.get(region));
		return text === null ? [] : [`${region}: ${text}`];
	});
	return parts.length === 0 ? 'no region can run the endpoint' : parts.join('; ');
}

function describe(was: Share | undefined, is: Share | undefined, use: RegionUse | undefined): string | null {
	const from = was?.workersMax ?? 0;
	const to = is?.workersMax ?? 0;
	const held = is?.held ?? to;
	if (from === to && held === (was?.held ?? from) && from === 0) return null;
	const tiers = is?.tiers === undefined ? '' : ` on ${is.tiers.join(', ')}`;
	const blocked = use?.blocked === true ? ', finds no free place' : '';
	const giving = held > to ? `, ${held} count until it has confirmed` : '';
	return from === to ? `${to} workers${tiers}${giving}${blocked}` : `${from} → ${to} workers${tiers}${giving}${blocked}`;
}
