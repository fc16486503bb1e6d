import { expect, test } from 'vitest';
import { parseImageRef } from '../../../gpu-worker/src/core/image-ref.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
	['ubuntu', 'docker.io', 'docker.io/library/ubuntu:latest', false],
	['ubuntu:22.04', 'docker.io', 'docker.io/library/ubuntu:22.04', false],
	['runpod/worker-v1-vllm:v2.7.0', 'docker.io', 'docker.io/runpod/worker-v1-vllm:v2.7.0', false],
	['docker.io/ubuntu', 'docker.io', 'docker.io/library/ubuntu:latest', false],
	['ghcr.io/team/app/worker:1', 'ghcr.io', 'ghcr.io/team/app/worker:1', false],
	['registry.example:5000/worker', 'registry.example:5000', 'registry.example:5000/worker:latest', false],
	['localhost/worker:dev', 'localhost', 'localhost/worker:dev', false],
	['localhost:5000/worker', 'localhost:5000', 'localhost:5000/worker:latest', false],
	[`team/worker@${DIGEST}`, 'docker.io', `docker.io/team/worker@${DIGEST}`, true],
	[`team/worker:1@${DIGEST}`, 'docker.io', `docker.io/team/worker@${DIGEST}`, true],
])('%s', (text, registry, name, pinned) => {
	expect(parseImageRef(text)).toEqual({ registry, name, pinned });
});

test.each([
	'',
	'/srv/x',
	'./x',
	'process:///srv',
	'oci:/srv',
	'docker://a/b',
	'Team/worker',
	'a b',
	'a\nb',
	'-v',
	'a/../b',
	'a//b',
	'a:',
	'a@sha256:12',
	'a:b:c',
	`${'a'.repeat(3)}$(x)`,
])('%j is no reference', (text) => {
	expect(parseImageRef(text)).toBeNull();
});
