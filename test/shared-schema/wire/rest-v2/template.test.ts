import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTemplateV2, templateChangeFromV2, templateFromV2, toTemplateV2, updateTemplateV2 } from '../../../../shared-schema/src/wire/rest-v2/template.ts';

const bodies = fc.record(
	{
		args: fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }).map((words) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')),
		env: fc.dictionary(fc.constantFrom('A', 'B_1'), fc.string()),
		disk: fc.integer({ min: 1, max: 100 }),
		ports: fc.subarray(['80/http', '65535/tcp']),
		registry: fc.constantFrom(null, 'abc'),
		allowedCudaVersions: fc.subarray(['12.4', '12.8']),
		mounts: fc.constantFrom({}, { persistent: { size: 10, path: '/data' } }),
		serverless: fc.boolean(),
		category: fc.constantFrom('CPU', 'NVIDIA', 'AMD'),
	},
	{ requiredKeys: [] },
);

test('a template as shown can be sent back as a change that changes nothing', () => {
	fc.assert(
		fc.property(bodies, (over) => {
			const template = templateFromV2(createTemplateV2.parse({ name: 'n', image: 'i', ...over }));
			const { id: _id, ...shown } = toTemplateV2('id', 'n', template);
			expect({ ...template, ...templateChangeFromV2(updateTemplateV2.parse(shown)) }).toEqual(template);
		}),
	);
});

test('a change names only what it changes', () => {
	expect(templateChangeFromV2(updateTemplateV2.parse({ disk: 7 }))).toEqual({ diskGb: 7 });
	expect(templateChangeFromV2(updateTemplateV2.parse({ registry: null }))).toEqual({ registryId: null });
	expect(templateChangeFromV2(updateTemplateV2.parse({ mounts: {} }))).toEqual({ volumeGb: 0 });
});

test('without a word on them it has no ports and no mount', () => {
	expect(toTemplateV2('id', 'n', templateFromV2(createTemplateV2.parse({ name: 'n', image: 'i' })))).toMatchObject({
		ports: [],
		mounts: {},
		disk: 50,
		serverless: false,
		category: 'NVIDIA',
	});
});

test.each<[string, object]>([
	['no image', { name: 'n' }],
	['a port without a protocol', { name: 'n', image: 'i', ports: ['80'] }],
	['port 65536', { name: 'n', image: 'i', ports: ['65536/tcp'] }],
	['a variable that is no text', { name: 'n', image: 'i', env: { A: 1 } }],
	['a public template', { name: 'n', image: 'i', public: true }],
	['an unknown member', { name: 'n', image: 'i', imageName: 'i' }],
	['no disk', { name: 'n', image: 'i', disk: 0 }],
])('%s is refused', (_what, body) => {
	expect(createTemplateV2.safeParse(body).success).toBe(false);
});
