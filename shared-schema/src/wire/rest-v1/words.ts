/** How REST v1 says what is wrong: `{"message": …}`, fields by its own names. */
import * as z from 'zod';

/** Body of every error of REST v1. */
export const messageV1 = z.object({ message: z.string().describe('What is wrong: the field, its bound and the fix.') }).meta({ id: 'ErrorV1' });

/** REST v2's names of fields that have others in REST v1; the longer ones first. */
const NAMES: readonly (readonly [RegExp, string])[] = [
	[/\bgpu\.(types|pools|excludedTypes)(\.\d+)?\b/g, 'gpuTypeIds'],
	[/\bgpu\.count\b/g, 'gpuCount'],
	[/\bgpu\.(allowedCudaVersions|minCudaVersion)\b/g, '$1'],
	[/\bcpu\.\d+\.vcpuCount\b/g, 'vcpuCount'],
	[/\bcpu\.\d+(\.id)?\b/g, 'cpuFlavorIds'],
	[/\bworkers\.min\b/g, 'workersMin'],
	[/\bworkers\.max\b/g, 'workersMax'],
	[/\bworkers\.idleTimeout\b/g, 'idleTimeout'],
	[/\bnetworkVolumes\b/g, 'networkVolumeIds'],
	[/\bargs:/g, 'dockerStartCmd:'],
	[/\/v2\/network-volumes\b/g, '/v1/networkvolumes'],
	[/\/v2\/registries\b/g, '/v1/containerregistryauth'],
	[/\/v2\/templates\b/g, '/v1/templates'],
];

/** A problem with REST v1's names of fields and paths. */
export function inWordsOfV1(problem: string): string {
	return NAMES.reduce((text, [pattern, name]) => text.replace(pattern, name), problem);
}
