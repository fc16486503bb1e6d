/** Whether an endpoint's shares are elsewhere than they would be if nothing else ran on the hosts. Pure. */
import { type AllocateSpec, allocateGrants, type Share } from './allocate-grants.ts';
import type { RegionCapacity } from './grant-units.ts';

/** True when freed GPUs could bring the endpoint back to a better tier or region. */
export function isAway(spec: AllocateSpec, shares: readonly Share[], regions: readonly RegionCapacity[]): boolean {
	const empty = regions.map((region) => ({ ...region, hosts: region.hosts.map((host) => ({ ...host, gpusFree: host.gpus })) }));
	return print(allocateGrants(spec, [], empty)) !== print(shares);
}

function print(shares: readonly Share[]): string {
	return shares
		.filter(({ workersMax }) => workersMax > 0)
		.map(({ region, workersMax, tiers }) => `${region}/${workersMax}/${tiers?.join('+') ?? 'all'}`)
		.sort()
		.join();
}
