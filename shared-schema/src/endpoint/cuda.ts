/** CUDA versions, `major.minor`, compared as pairs of numbers: 12.11 is above 12.2. */
import type { EndpointSpec } from './endpoint.ts';

/** What of a specification speaks of CUDA. */
export type CudaRange = Pick<EndpointSpec, 'cudaVersions' | 'minCudaVersion'>;

/** Below 0 when `a` is the older one, 0 when they are the same. */
export function compareCuda(a: string, b: string): number {
	const [majorA = 0, minorA = 0] = a.split('.').map(Number);
	const [majorB = 0, minorB = 0] = b.split('.').map(Number);
	return majorA - majorB || minorA - minorB;
}

/** Whether a host whose driver offers `version` may run the endpoint. */
export function isCudaAllowed({ cudaVersions, minCudaVersion }: CudaRange, version: string): boolean {
	if (minCudaVersion !== null && compareCuda(version, minCudaVersion) < 0) return false;
	return cudaVersions.length === 0 || cudaVersions.includes(version);
}

/** The range in words: `12.4 or 12.8`, `12.4 or newer`; empty when any version will do. */
export function describeCuda({ cudaVersions, minCudaVersion }: CudaRange): string {
	if (cudaVersions.length === 0) return minCudaVersion === null ? '' : `${minCudaVersion} or newer`;
	return cudaVersions.filter((version) => minCudaVersion === null || compareCuda(version, minCudaVersion) >= 0).join(' or ');
}
