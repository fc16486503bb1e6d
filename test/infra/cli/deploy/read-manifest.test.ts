/** What a broken `longshore.json` is told, with the place in its text. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readManifest } from '../../../../infra/cli/deploy/read-manifest.ts';

it.each([
	['a field that is missing', '{"volumes":{\n "data": {"size": 10}}}', /longshore\.json:2:\d+\s+volumes\.data\.dataCenter: is missing: expected string/],
	[
		'a field by a near name',
		'{"volumes":{\n "data": {"size": 10, "dataCenter": "EU-RO-1", "siez": 1}}}',
		/longshore\.json:2:\d+\s+volumes\.data\.siez: unknown field \(did you mean size\?\)/,
	],
])('names line, column and fix of %s', (_what, text, message) => {
	const directory = mkdtempSync(join(tmpdir(), 'longshore-manifest-'));
	try {
		writeFileSync(join(directory, 'longshore.json'), text);
		expect(() => readManifest(join(directory, 'longshore.json'), {})).toThrow(message);
	} finally {
		rmSync(directory, { recursive: true });
	}
});
