/** The account's endpoints: listed, found by id or name, and the parts of REST v2's shape that the command reads. */
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { ApiFailure, notFound } from './client.ts';

/** An endpoint as REST v2 shows it; members that the command does not read are kept as they are. */
export interface EndpointView {
	readonly id: string;
	readonly name: string;
	readonly type?: string;
	readonly image?: string;
	readonly version?: number;
	readonly createdAt?: string;
	readonly gpu?: { readonly pools?: readonly string[]; readonly count?: number; readonly excludedTypes?: readonly string[]; readonly allowedCudaVersions?: readonly string[] };
	readonly cpu?: readonly unknown[];
	readonly workers?: { readonly min?: number; readonly max?: number; readonly idleTimeout?: number };
	readonly scaling?: {
		readonly type: string;
		readonly queueDelay?: number;
		readonly requestCount?: number;
		readonly anticipate?: { readonly patience: number; readonly spareWorkers: number };
	};
	readonly dataCenterIds?: readonly string[];
	readonly [member: string]: unknown;
}

const ENDPOINT_ID = /^[a-z0-9]{14}$/;

/** All endpoints of the account. */
export async function listEndpoints(session: Session): Promise<EndpointView[]> {
	const { endpoints } = await session.edge().call('GET', '/v2/serverless');
	return endpoints as EndpointView[];
}

/** The endpoint that a person named by its id or its name. Throws `Failure` when none or more than one is. */
export async function findEndpoint(session: Session, nameOrId: string): Promise<EndpointView> {
	const all = await listEndpoints(session);
	const byId = all.find(({ id }) => id === nameOrId);
	if (byId !== undefined) return byId;
	const named = all.filter(({ name }) => name === nameOrId);
	if (named.length > 1) throw new Failure(`${named.length} endpoints are named "${nameOrId}": ${named.map(({ id }) => id).join(', ')}`, 'Name the one you mean by its id.');
	if (named[0] !== undefined) return named[0];
	throw notFound(
		'endpoint',
		nameOrId,
		all.flatMap(({ id, name }) => [name, id]),
		'longshore endpoint list',
	);
}

/** Only the id: an id is taken as it is, so that a key that may run but not list can be used. */
export async function endpointIdOf(session: Session, nameOrId: string): Promise<string> {
	if (ENDPOINT_ID.test(nameOrId)) return nameOrId;
	try {
		return (await findEndpoint(session, nameOrId)).id;
	} catch (error) {
		if (error instanceof ApiFailure && error.status === 403) throw new Failure(error.message, `This key cannot look up names: give the endpoint's id instead of "${nameOrId}".`);
		throw error;
	}
}
