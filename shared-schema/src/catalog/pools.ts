/** The names of GPU pools (tiers): fixed, whatever a catalogue says of them. */

/** Pools in rising order of price. Source: RunPod's GPU type reference and REST v2 catalogue. */
export const GPU_POOL_IDS = [
	'AMPERE_16',
	'AMPERE_24',
	'ADA_24',
	'ADA_32_PRO',
	'AMPERE_48',
	'ADA_48_PRO',
	'AMPERE_80',
	'ADA_80_PRO',
	'BLACKWELL_96',
	'HOPPER_141',
	'BLACKWELL_180',
] as const;
export type GpuPoolId = (typeof GPU_POOL_IDS)[number];
