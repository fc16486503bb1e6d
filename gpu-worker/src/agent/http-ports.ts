/** Gives a load-balanced worker its ports on this host. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { type HttpPorts, healthPathOf, wantsHealthPort } from '../core/http-ports.ts';
import { freePorts } from '../runtime/free-ports.ts';

/** Free ones; health has one of its own only where the endpoint says so. */
export async function httpPorts({ env }: Pick<EndpointSpec, 'env'>): Promise<HttpPorts> {
	const [port = 0, healthPort = port] = await freePorts(wantsHealthPort(env) ? 2 : 1);
	return { port, healthPort, healthPath: healthPathOf(env) };
}
