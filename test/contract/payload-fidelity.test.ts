/** What a client sends is what the handler gets, and what the handler returns is what the client reads: character by character, at any size. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack, { concurrency: 4 });
	await endpoint.api.untilReady();
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

/** Sends `{"input":<raw>}` and returns the text of the terminal answer. */
async function roundTrip(raw: string): Promise<string> {
	const accepted = await endpoint.api.call('/run', { body: `{"input":${raw}}` });
	expect(accepted).toMatchObject({ status: 200 });
	const id = String(accepted.json['id']);
	expect(await endpoint.api.untilState(id)).toMatchObject({ status: 'COMPLETED' });
	return (await endpoint.api.status(id)).text;
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

const CASES: readonly (readonly [string, string])[] = [
	['the empty object', '{}'],
	['integers beyond 2^53', '{"n":9007199254740993,"m":-123456789012345678901234567890}'],
	['numbers that a double would print differently', '{"a":1.0,"b":1e400,"c":-0,"d":0.1000000000000000055511151231257827}'],
	['repeated names', '{"a":1,"a":2,"b":{"c":3,"c":4}}'],
	['names of the prototype', '{"__proto__":{"polluted":true},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":2}'],
	['text beyond the basic plane, escapes and separators', '{"s":"žluťoučký 🦄 \\u2028\\u0000\\ud83d\\ude00 \\"\\\\\\/ ‮ אב"}'],
	['a lone surrogate escape', '{"s":"\\ud800"}'],
	['names that look like our own', '{"id":"x","input":{"input":{}},"status":"COMPLETED","error":"no","epoch":99,"token":"t"}'],
	['newlines and frames inside strings', '{"s":"\\n{\\"jobs\\":[]}\\n"}'],
	['depth 100', nested(100)],
	['null members and empty names', '{"":null,"a":[],"b":[[],{}]}'],
];

test.each(CASES)('%s survives unchanged', async (_name, raw) => {
	const text = await roundTrip(raw);
	expect(text).toContain(`"raw":${raw}`);
	expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
	['just under the inline limit', 63 * 1024],
	['just over the inline limit', 65 * 1024],
	['over one chunk row', 1_200_000],
	['nine megabytes', 9 * 1024 * 1024],
])('a payload %s travels whole, both ways', async (_name, size) => {
	const raw = `{"fill":"${'0123456789abcdeč'.repeat(Math.ceil(size / 17)).slice(0, size)}"}`;
	const text = await roundTrip(raw);
	expect(text.includes(`"raw":${raw}`)).toBe(true);
});

test('members beside input do not reach the handler unless RunPod passes them on', async () => {
	const accepted = await endpoint.api.call('/run', { body: '{"policy":{"ttl":60000},"webhookV2":"x","__proto__":{"input":1},"input":{"k":1},"other":true}' });
	const id = String(accepted.json['id']);
	const done = await endpoint.api.untilState(id);
	const job = JSON.parse(String((done['output'] as { text: string }).text)) as object;
	expect(job).toMatchObject({ id, input: { k: 1 } });
	expect(Object.keys(job)).not.toContain('other');
	expect(Object.keys(job)).not.toContain('policy');
});

test('the last of two input members counts, as in JSON.parse', async () => {
	const accepted = await endpoint.api.call('/run', { body: '{"input":{"k":1},"input":{"k":2}}' });
	const done = await endpoint.api.untilState(String(accepted.json['id']));
	expect(done['output']).toMatchObject({ raw: { k: 2 } });
});
