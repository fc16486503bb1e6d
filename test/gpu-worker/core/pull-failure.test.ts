import { expect, test } from 'vitest';
import { describePullFailure } from '../../../gpu-worker/src/core/pull-failure.ts';

test.each([
	[false, 500, 'unauthorized: authentication required', 'give the endpoint one'],
	[true, 500, 'denied: requested access to the resource is denied', 'refuses the credential'],
	[false, 404, 'pull access denied for x, repository does not exist or may require docker login', 'give the endpoint one'],
	[false, 404, 'manifest for x:9 not found: manifest unknown', 'no such image'],
	[false, 500, 'Get "https://r/v2/": dial tcp: lookup r: no such host', 'cannot be reached'],
	[false, 500, 'initializing source docker://r/x:1: pinging container registry r: Get "http://r/v2/": dial tcp 127.0.0.1:443: connect: connection refused', 'cannot be reached'],
	[false, 500, 'write /var/lib/docker/x: no space left on device', 'free disk space'],
	[false, 429, 'toomanyrequests: You have reached your pull rate limit', 'refuses more pulls'],
	[false, 404, 'no matching manifest for linux/arm64 in the manifest list entries', 'processors'],
	[false, 500, 'something else', 'could not be pulled'],
])('with a credential: %s, status %i, "%s"', (hasCredential, status, said, expected) => {
	const text = describePullFailure('r/x:1', hasCredential, status, said);
	expect(text).toContain(expected);
	expect(text).toContain(said);
	expect(text).toMatch(/^image r\/x:1: /);
});
