import { expect, test } from 'vitest';
import { checksumOf, isCommitName, problemOfPaths, readHubAnswer } from '../../../gpu-worker/src/core/model-listing.ts';

const SHA256 = 'ab'.repeat(32);
const SHA1 = 'cd'.repeat(20);

test('sizes and checksums of the hub’s answer: SHA-256 of large files, git’s name of small ones', () => {
	const answer = {
		sha: SHA1,
		siblings: [
			{ rfilename: 'config.json', size: 12, blobId: SHA1 },
			// What git knows of a large file is its pointer, which is another file.
			{ rfilename: 'sub/model.safetensors', size: 999, blobId: SHA1, lfs: { sha256: SHA256, size: 1_000, pointerSize: 130 } },
		],
		private: false,
	};
	expect(readHubAnswer(answer)).toEqual({
		commit: SHA1,
		files: [
			{ path: 'config.json', sizeBytes: 12, checksum: { kind: 'git-sha1', hex: SHA1 } },
			{ path: 'sub/model.safetensors', sizeBytes: 1_000, checksum: { kind: 'sha256', hex: SHA256 } },
		],
	});
});

test('a mirror may know names only', () => {
	expect(readHubAnswer({ siblings: [{ rfilename: 'a' }] })).toEqual({ commit: null, files: [{ path: 'a', sizeBytes: null, checksum: null }] });
});

test.each([
	[{ siblings: [] }, /list of files cannot be read/],
	[{}, /siblings/],
	['text', /cannot be read/],
	[{ siblings: [{ rfilename: '../../etc/passwd' }] }, /no model may have.*etc\/passwd/],
	[{ siblings: [{ rfilename: 'a' }, { rfilename: 'a' }] }, /twice/],
	[{ siblings: [{ rfilename: 'a', size: -1 }] }, /size/],
])('an answer that cannot be believed is refused with what is wrong: %j', (answer, words) => {
	expect(readHubAnswer(answer)).toMatch(words);
});

test.each(['/etc/passwd', '..', 'a/../b', './a', 'a//b', 'a/', '', 'a\\b', 'a\u0000b', 'a\nb', 'x'.repeat(256), 'x/'.repeat(600)])('no model has a file %j', (path) => {
	expect(problemOfPaths([path])).toMatch(/no model may have/);
});

test('a file is no directory too', () => {
	expect(problemOfPaths(['a/b', 'a'])).toMatch(/below another file/);
	expect(problemOfPaths(['a/b', 'a/c', 'ab', '.gitattributes', 'onnx/model.onnx'])).toBeNull();
});

test.each([
	[`"${SHA256}"`, { kind: 'sha256', hex: SHA256 }],
	[`W/"${SHA1.toUpperCase()}"`, { kind: 'git-sha1', hex: SHA1 }],
	[`sha256:${SHA256}`, { kind: 'sha256', hex: SHA256 }],
	['"65a1-5f3"', null],
	[null, null],
])('an ETag %s', (etag, checksum) => {
	expect(checksumOf(etag)).toEqual(checksum);
});

test('what becomes the name of a directory looks like a commit', () => {
	expect(['main', '../x', SHA1, ''].map(isCommitName)).toEqual([false, false, true, false]);
});
