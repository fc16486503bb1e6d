/** An endpoint as the management API answers with it. */
import type { EndpointV2 } from '@longshore/shared-schema/wire/rest-answers';
import { toEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-show';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import type { ViewClock } from '../../core/fleet-view.ts';
import { type Env, settingsOf } from '../../env.ts';

/** REST v2's shape; its URLs are under the address that was called. */
export function showEndpoint(env: Env, { id, createdAt, version, spec }: EndpointRecord, request: Request): EndpointV2 {
	const { origin } = new URL(request.url);
	return toEndpointV2({ id, createdAt: new Date(createdAt).toISOString(), version, origin, endpointDomain: settingsOf(env).LONGSHORE_ENDPOINT_DOMAIN }, spec);
}

/** The clock of views on workers and releases. */
export function viewClock(): ViewClock {
	return { now: Date.now(), iso: (atMs) => new Date(atMs).toISOString() };
}
