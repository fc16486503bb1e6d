/** One streamed request to a region's ingress, signed without its body, which is known only when it has passed. It does not retry. */
import { BALANCER_PATH, STREAMED_BODY } from '@longshore/shared-schema/wire/load-balancer';
import { type Env, settingsOf } from '../env.ts';
import { signedHeaders } from './signature.ts';

/** What goes to a worker. */
export interface StreamedRequest {
	readonly endpointId: string;
	/** Path and query for the worker. */
	readonly path: string;
	readonly method: string;
	readonly headers: Headers;
	readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
}

/** The region's answer, its body still on the way. Throws when the region is out of reach. */
export async function streamToRegion(env: Env, regionUrl: string, { endpointId, path, method, headers, body }: StreamedRequest): Promise<Response> {
	const signedPath = `${BALANCER_PATH}/${endpointId}${path}`;
	// What is signed is what is sent: a URL is written anew (`/a/../b`, a space) when a request is made of it.
	const url = new URL(regionUrl + signedPath);
	const signature = await signedHeaders(settingsOf(env).LONGSHORE_EDGE_PRIVATE_KEY, method, url.pathname + url.search, STREAMED_BODY, Date.now());
	for (const [name, value] of Object.entries(signature)) headers.set(name, value);
	const request = new Request(url, { method, headers, body, redirect: 'manual' });
	return env.REGION_NET === undefined ? fetch(request) : env.REGION_NET.fetch(request);
}
