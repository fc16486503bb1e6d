import { describe, expect, test } from 'vitest';
import { parseBatchInputs } from '../../../edge/src/gate/batch-request.ts';

const parse = (text: string): string[] => parseBatchInputs(new TextEncoder().encode(text));

describe('the requests of a batch', () => {
	test('come bare or under `requests`, each input as it was written', () => {
		const inputs = ['{ "n":9007199254740993 }', '{"a":[1,{"b":"],["}]}'];
		const list = `[{"input":${inputs[0]}}, {"input" : ${inputs[1]},"other":1}]`;
		expect(parse(list)).toEqual(inputs);
		expect(parse(`{"requests":${list}}`)).toEqual(inputs);
	});

	test('may be none', () => {
		for (const text of ['', ' ', '[]', '{"requests":[]}']) expect(parse(text)).toEqual([]);
	});

	test.each([
		['[{"input":1}]', /requests\.0\.input must be a JSON object/],
		['[{"input":{}},7]', /requests\.1\.input must be a JSON object/],
		['{"requests":{}}', /requests must be an array/],
		['{}', /requests is missing/],
		['[{]', /not valid JSON/],
		['"text"', /must be a list of requests, or an object/],
		[`[{"input":${'['.repeat(200)}${']'.repeat(200)}}]`, /nested deeper/],
		[`[${'{"input":{}},'.repeat(5_000)}{"input":{}}]`, /5001 are more than the 5000/],
	])('are refused when they are %s', (text, message) => {
		expect(() => parse(text)).toThrow(message);
	});
});
