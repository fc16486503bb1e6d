/** Bodies of the batch API: requests of a batch, each `input` kept as the raw text it was. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { arrayElements, JsonObjectError, topLevelMembers } from '@longshore/shared-schema/json/top-level';
import { BATCH_REQUESTS_MAX } from '@longshore/shared-schema/limits';
import { batchChange } from '@longshore/shared-schema/wire/runpod-job';
import { describeFirst } from './describe-first.ts';
import { bodyError } from './job-request.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
const SHAPE = '[{"input": {…}}, …]';

/** Inputs in an array of `{input}`, bare or under `requests`; an empty body is an empty array. Throws `malformed_json` or `invalid_request`. */
export function parseBatchInputs(body: Uint8Array): string[] {
	const elements = arrayElements(listOf(body));
	if (elements === null) throw new LongshoreError('invalid_request', `requests must be an array: send {"requests": ${SHAPE}}`);
	if (elements.length > BATCH_REQUESTS_MAX)
		throw new LongshoreError('invalid_request', `requests: ${elements.length} are more than the ${BATCH_REQUESTS_MAX} of a batch: use several batches`);
	return elements.map((element, index) => {
		const input = element.startsWith('{') ? topLevelMembers(element).get('input') : undefined;
		if (input?.startsWith('{') === true) return input;
		throw new LongshoreError('invalid_request', `requests.${index}.input must be a JSON object: send ${SHAPE}`);
	});
}

/** The new name in the body of a change. Throws `malformed_json` or `invalid_request`. */
export function parseBatchName(body: Uint8Array): string {
	const parsed = batchChange.safeParse(namesOf(body));
	if (parsed.success) return parsed.data.name;
	throw new LongshoreError('invalid_request', describeFirst(parsed.error));
}

function namesOf(body: Uint8Array): object {
	try {
		const name = topLevelMembers(decoder.decode(body)).get('name');
		return name === undefined ? {} : { name: JSON.parse(name) as unknown };
	} catch (error) {
		throw bodyError(error, '{"name": "…"}');
	}
}

/** Raw text of the list. A bare array is wrapped, so that one reader checks both. */
function listOf(body: Uint8Array): string {
	try {
		const text = decoder.decode(body).trim();
		if (text === '') return '[]';
		const members = topLevelMembers(text.startsWith('[') ? `{"requests":${text}}` : text);
		const list = members.get('requests');
		if (list !== undefined) return list;
	} catch (error) {
		if (error instanceof JsonObjectError && error.problem === 'not_an_object')
			throw new LongshoreError('invalid_request', `the request body must be a list of requests, or an object with the list in "requests": send ${SHAPE}`);
		throw bodyError(error, SHAPE);
	}
	throw new LongshoreError('invalid_request', `requests is missing: send {"requests": ${SHAPE}}`);
}
