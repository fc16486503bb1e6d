/** What a route says of itself where it is registered: the only source of `/openapi.json`, of `/docs` and of the tests that call every route. */
import type { ErrorCode } from '@longshore/shared-schema/errors/codes';
import type { RateRoute } from '@longshore/shared-schema/limits';
import type * as z from 'zod';
import type { KeyVerb } from '../core/key-scope.ts';

/** Groups of operations, in the order in which they are shown. A new group is added here. */
export const GROUPS = {
	Jobs: 'Submit, read, end and repeat jobs of a queue endpoint. RunPod’s own paths, bodies and statuses: its SDKs work unchanged with another base URL.',
	Batches: 'Up to 5,000 requests handed over at once and fed to the queue bit by bit, so that single jobs get through.',
	OpenAI: 'OpenAI’s API for workers that speak it: use `/v2/{endpoint}/openai/v1` as the base URL of any OpenAI client.',
	'Load balancing': 'HTTP APIs of a load-balanced endpoint’s own: any method and path, streaming, WebSockets.',
	Webhooks: 'How the webhooks of jobs went, and calling one again.',
	Endpoints: 'What runs, on which GPUs, how many workers: RunPod’s REST v2. Errors are `application/problem+json`.',
	Keys: 'API keys of an account: permissions, chosen endpoints, an end.',
	Templates: 'Container settings from which endpoints are made.',
	Volumes: 'Network volumes: storage in one data centre that workers share.',
	Registries: 'Credentials for container registries. Write-only.',
	Secrets: 'Values for environment variables, referred to as `{{ secret.NAME }}` or `{{ RUNPOD_SECRET_NAME }}`. Write-only.',
	Catalog: 'GPU types, CPU flavours and data centres, with prices and how free they are.',
	'REST v1': 'Endpoints, templates, network volumes and registry credentials in the shapes of RunPod’s REST v1, for tools that still use it. Errors are `{"message": "…"}`.',
	Costs: 'What endpoints took and cost, and what would be cheaper.',
	Operator: 'For the operator of this gateway, with the operator’s token.',
	Service: 'What anybody may ask.',
} as const satisfies Record<string, string>;
export type Group = keyof typeof GROUPS;

/** Routes that are no API: the protocol between this edge and its own regions, signed by both. */
export const INTERNAL = 'internal';

/** A parameter of a path, a query or the headers. Values come as text; `schema` says what they must hold. */
export interface Parameter {
	readonly name: string;
	readonly text: string;
	readonly schema: z.ZodType;
	readonly example?: string | number;
}

/** A request body. */
export interface Body {
	readonly schema: z.ZodType;
	readonly bytesMax: number;
	/** Bodies are JSON whatever their content type says. */
	readonly required: boolean;
	readonly example: unknown;
}

/** One successful answer. An answer without a schema and without a type has no body. */
export interface Answer {
	readonly text: string;
	readonly schema?: z.ZodType;
	/** Default `application/json`; given alone: a body of that type without a schema. */
	readonly type?: string;
	/** Names of headers that it carries, of `ANSWER_HEADERS`. */
	readonly headers?: readonly string[];
	readonly example?: unknown;
	/** Other forms of the same answer, by content type. */
	readonly alternatives?: Readonly<Record<string, string>>;
}

/** A documented operation. Answers for keys, ids, bodies and limits follow from what it says; `errors` adds what else it refuses. */
export interface Operation {
	/** Unique; a route with several methods gets the method behind it from the second on. */
	readonly id: string;
	readonly group: Group;
	readonly summary: string;
	readonly text?: string;
	/** The scope that the API key needs; `operator`: the operator's token; `none`: no key. */
	readonly key: KeyVerb | 'operator' | 'none';
	/** Ids in the path that are not those of `PATH_PARAMETERS`. */
	readonly path?: readonly Parameter[];
	readonly query?: readonly Parameter[];
	readonly headers?: readonly Parameter[];
	readonly body?: Body;
	/** By status, or `default` for what the worker decides. */
	readonly answers: Readonly<Record<string, Answer>>;
	readonly errors?: readonly ErrorCode[];
	/** The rate limit that it counts against. */
	readonly limit?: RateRoute;
}
