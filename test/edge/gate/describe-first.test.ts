import { expect, test } from 'vitest';
import * as z from 'zod';
import { describeFirst } from '../../../edge/src/gate/describe-first.ts';
import { readManageBody } from '../../../edge/src/routes/serverless/parse.ts';

const schema = z.object({ policy: z.object({ ttl: z.int().min(10_000) }) });
const sentenceFor = (value: unknown): string => {
	const parsed = schema.safeParse(value);
	return parsed.success ? 'fine' : describeFirst(parsed.error);
};

test('names the field and the bound, and calls what is not there missing', () => {
	expect(sentenceFor({ policy: { ttl: 1 } })).toMatch(/^policy\.ttl: .*10000/);
	expect(sentenceFor({ policy: {} })).toBe('policy.ttl: is missing: expected number');
	expect(sentenceFor([])).toMatch(/^body: .*object/);
	expect(sentenceFor({ policy: {} })).not.toContain('undefined');
});

test('a management body that is no UTF-8 is refused, not mended in silence', async () => {
	const body = new Uint8Array([...new TextEncoder().encode('{"name":"a'), 0xff, ...new TextEncoder().encode('"}')]);
	const request = new Request('http://edge/v2/keys', { method: 'POST', body, headers: { 'content-length': String(body.length) } });
	await expect(readManageBody(request, z.object({ name: z.string() }))).rejects.toMatchObject({ code: 'malformed_json', message: expect.stringMatching(/UTF-8/) });
});
