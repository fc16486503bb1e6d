/** An endpoint as the edge keeps it. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { Share } from './allocate-grants.ts';
import type { Supply } from './supply.ts';

/** All that is kept of an endpoint. `revision` rises with every change, `version` only with one that needs new workers. */
export interface EndpointRecord {
	readonly id: string;
	readonly accountId: string;
	readonly createdAt: number;
	readonly shards: number;
	readonly revision: number;
	readonly version: number;
	readonly spec: EndpointSpec;
	readonly shares: readonly Share[];
	/** The shares are elsewhere than they would be on empty hosts: they go back when GPUs are freed. */
	readonly away?: boolean;
	/** What the specification refers to; left out: nothing. */
	readonly supply?: Supply;
	/** The template that it is bound to (REST v1); left out: none. */
	readonly templateId?: string;
}
