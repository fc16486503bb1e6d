/** Decides whether a worker may write to its container's own disk, beside the places for temporary files that it always has. */

/**
 * The operator's word. `by-disk`: where the endpoint asks for a container disk, as RunPod's templates do, or its image has been seen to
 * need one.
 */
export type RootPolicy = 'by-disk' | 'read-only' | 'writable';

/** `diskGb`: what the endpoint asks for, null: nothing. `imageWrites`: a worker of the image has failed to write here. */
export function mayWriteRoot(policy: RootPolicy, diskGb: number | null, imageWrites: boolean): boolean {
	return policy === 'by-disk' ? diskGb !== null || imageWrites : policy === 'writable';
}

/** True when a piece of a worker's output is the system's word for a write to a root that is read-only. */
export function tellsReadOnlyRoot(output: string): boolean {
	return output.includes('Read-only file system') || output.includes('EROFS');
}
