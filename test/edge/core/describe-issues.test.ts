import { expect, test } from 'vitest';
import { describeIssues } from '../../../edge/src/core/describe-issues.ts';
import { createEndpointV1 } from '../../../shared-schema/src/wire/rest-v1/endpoint-body.ts';
import { createEndpointV2 } from '../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';

const good = { name: 'x', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } };

function wordsFor(body: unknown): string[] {
	const parsed = createEndpointV2.safeParse(body);
	return parsed.success ? [] : describeIssues(parsed.error, createEndpointV2, body);
}

test.each<[string, unknown, RegExp[]]>([
	['an unknown field with a near one', { ...good, wrkers: {} }, [/^wrkers: unknown field \(did you mean workers\?\)$/]],
	['an unknown field inside an object', { ...good, gpu: { pools: ['ADA_24'], kount: 1 } }, [/^gpu\.kount: unknown field \(did you mean count\?\)$/]],
	['an unknown field inside a list', { ...good, cpu: [{ id: 'cpu5c', vcpuCout: 2 }] }, [/^cpu\.0\.vcpuCout: unknown field \(did you mean vcpuCount\?\)$/]],
	[
		'an unknown field of a variant',
		{ ...good, scaling: { type: 'QUEUE_DELAY', queueDelay: 4, requestCout: 1 } },
		[/^scaling\.requestCout: unknown field \(did you mean requestCount\?\)$/],
	],
	['an unknown field like no other', { ...good, zzzzzzzz: 1 }, [/^zzzzzzzz: unknown field$/]],
	['a mistyped choice', { ...good, gpu: { pools: ['ADA24'] } }, [/^gpu\.pools\.0: "ADA24" is not one of AMPERE_16, .*did you mean ADA_24\?/]],
	['a missing choice', { name: 'x', image: 'i', gpu: good.gpu }, [/^type: is missing: choose among QUEUE, LOAD_BALANCER$/]],
	['a missing text', { type: 'QUEUE', image: 'i', gpu: good.gpu }, [/^name: is missing: give a string$/]],
	['a name that cannot be one', { ...good, env: { 'A B': '1' } }, [/^env\.A B: a name has letters, digits and _/]],
	['a bound', { ...good, workers: { min: -1 } }, [/^workers\.min: .*>=0/]],
	['a timeout outside both of its ranges', { ...good, timeout: 10 }, [/^timeout: .*5000/]],
	['a body that is no object', [], [/^body: .*object/]],
	['several at once', { ...good, name: '', image: 1 }, [/^name: /, /^image: .*string/]],
])('names %s', (_what, body, words) => {
	const found = wordsFor(body);
	expect(found).toHaveLength(words.length);
	for (const [n, word] of words.entries()) expect(found[n]).toMatch(word);
});

test('a member that a derived schema makes mandatory is missing in the same words', () => {
	const parsed = createEndpointV1.safeParse({ name: 'x' });
	expect(parsed.success ? [] : describeIssues(parsed.error, createEndpointV1, { name: 'x' })).toEqual(['templateId: is missing']);
});
