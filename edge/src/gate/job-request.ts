/** A `/run` or `/runsync` body becomes a submission: own options parsed, `input` kept as the raw text it was. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { JsonObjectError, topLevelMembers } from '@longshore/shared-schema/json/top-level';
import { INLINE_PAYLOAD_BYTES_MAX, JSON_DEPTH_MAX } from '@longshore/shared-schema/limits';
import { type JobRequestOptions, jobRequestOptions, toWorkerJobText } from '@longshore/shared-schema/wire/runpod-job';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { Submission } from '../stores/job-submit.ts';
import { describeFirst } from './describe-first.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
const encoder = new TextEncoder();
const NO_OPTIONS: JobRequestOptions = {};

/** Parses the body of a submit. Throws `malformed_json` or `invalid_request` with the field, its bound and the fix. */
export function parseSubmission(body: Uint8Array, id: string, sync: boolean, endpoint: EndpointRecord, idempotency: Submission['idempotency']): Submission {
	const members = membersOf(body);
	const input = members.get('input');
	if (input === undefined) throw new LongshoreError('invalid_request', 'input is missing: send {"input": {…}}');
	if (!input.startsWith('{')) throw new LongshoreError('invalid_request', 'input must be a JSON object: send {"input": {…}}');
	return toSubmission(input, optionsOf(members), id, sync, endpoint, idempotency);
}

/** A submission with `input`, raw JSON text, and what the endpoint says where the options say nothing. */
export function toSubmission(
	input: string,
	options: JobRequestOptions & { readonly batchId?: string },
	id: string,
	sync: boolean,
	endpoint: EndpointRecord,
	idempotency: Submission['idempotency'],
): Submission {
	const text = toWorkerJobText(id, input, options);
	const bytes = text.length > INLINE_PAYLOAD_BYTES_MAX / 4 ? encoder.encode(text) : null;
	const policy = options.policy;
	return {
		endpointId: endpoint.id,
		idempotency,
		webhook: options.webhook === undefined ? null : { url: options.webhook, inputBytes: Buffer.byteLength(input) },
		shards: endpoint.shards,
		payload: bytes ?? text,
		payloadBytes: bytes?.length ?? Buffer.byteLength(text),
		job: {
			id,
			sync,
			ttlMs: policy?.ttl ?? endpoint.spec.ttlMs,
			executionTimeoutMs: policy?.executionTimeout ?? endpoint.spec.executionTimeoutMs,
			lowPriority: policy?.lowPriority ?? false,
			retriesMax: endpoint.spec.retriesMax,
		},
	};
}

function membersOf(body: Uint8Array): Map<string, string> {
	try {
		return topLevelMembers(decoder.decode(body));
	} catch (error) {
		throw bodyError(error, '{"input": {…}}');
	}
}

/** The refusal for what reading a JSON body threw; anything else is thrown on. `shape` is what to send instead. */
export function bodyError(error: unknown, shape: string): LongshoreError {
	if (error instanceof TypeError) return new LongshoreError('malformed_json', 'the request body is not valid UTF-8');
	if (!(error instanceof JsonObjectError)) throw error;
	if (error.problem === 'malformed') return new LongshoreError('malformed_json', 'the request body is not valid JSON');
	if (error.problem === 'not_an_object') return new LongshoreError('invalid_request', `the request body must be a JSON object: send ${shape}`);
	return new LongshoreError('invalid_request', `the request body is nested deeper than ${JSON_DEPTH_MAX} levels`);
}

/** The members that are ours; most requests have none and cost nothing. Null stands for left out, in them too, as some clients write it. */
function optionsOf(members: ReadonlyMap<string, string>): JobRequestOptions {
	const given = (['webhook', 'policy', 's3Config'] as const).filter((name) => members.has(name) && members.get(name) !== 'null');
	if (given.length === 0) return NO_OPTIONS;
	const parsed = jobRequestOptions.safeParse(Object.fromEntries(given.map((name) => [name, withoutNulls(JSON.parse(members.get(name) ?? 'null'))])));
	if (parsed.success) return parsed.data;
	throw new LongshoreError('invalid_request', describeFirst(parsed.error));
}

function withoutNulls(value: unknown): unknown {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
	return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}
