/** A release of an endpoint: as it is kept, and as others see it. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { ReleaseDiffEntry } from '@longshore/shared-schema/wire/rest-v2/release-diff';

/** One version. */
export interface Release {
	readonly version: number;
	readonly spec: EndpointSpec;
	readonly diff: readonly ReleaseDiffEntry[];
	readonly createdAt: number;
	/** Account that made it. */
	readonly createdBy: string;
}

/** A release as others see it. `diffText` is JSON, since unknown values do not travel between objects by type. */
export interface ReleaseNote extends Pick<Release, 'version' | 'createdAt' | 'createdBy'> {
	readonly image: string;
	readonly diffText: string;
}
