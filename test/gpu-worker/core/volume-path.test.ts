import { expect, test } from 'vitest';
import { problemOfTemplate, volumePath } from '../../../gpu-worker/src/core/volume-path.ts';

test.each([
	['/mnt/volumes/{volumeId}', '/mnt/volumes/vol1', '/mnt/volumes'],
	['/mnt/volumes/{dataCenter}/{volumeId}', '/mnt/volumes/EU-RO-1/vol1', '/mnt/volumes/EU-RO-1'],
	['/mnt/{dataCenterId}/v-{volumeId}/data/', '/mnt/EU-RO-1/v-vol1/data', '/mnt/EU-RO-1'],
	['/{volumeId}', '/vol1', '/'],
])('%s', (template, path, holder) => {
	expect(problemOfTemplate(template)).toBeNull();
	expect(volumePath(template, 'vol1', 'EU-RO-1')).toEqual({ path, holder });
});

test.each([
	['mnt/{volumeId}', /absolute path/],
	['/mnt/volumes', /\{volumeId\}/],
	['/mnt/../{volumeId}', /\.\./],
	['/mnt/{region}/{volumeId}', /\{region\} is not known/],
])('the template %s is refused', (template, words) => {
	expect(problemOfTemplate(template)).toMatch(words);
});

test.each(['..', '../../etc', 'a/b', '', '.', 'a\u0000', 'x'.repeat(65)])('the id %j leads nowhere', (id) => {
	expect(() => volumePath('/mnt/{volumeId}', id, 'EU-RO-1')).toThrow(/shape/);
	expect(() => volumePath('/mnt/{dataCenter}/{volumeId}', 'vol1', id)).toThrow(/shape/);
});
