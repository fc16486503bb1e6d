import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, DURABLE_OBJECTS } from '../../../infra/workerd/edge-classes.ts';

test('bare workerd and wrangler are told the same of the Worker', () => {
	const text = readFileSync(resolve(import.meta.dirname, '../../../edge/wrangler.jsonc'), 'utf8');
	const config = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as {
		compatibility_date: string;
		compatibility_flags: string[];
		durable_objects: { bindings: { name: string; class_name: string }[] };
		migrations: { new_sqlite_classes?: string[] }[];
	};
	expect(config.compatibility_date).toBe(COMPATIBILITY_DATE);
	expect(config.compatibility_flags).toEqual(COMPATIBILITY_FLAGS);
	expect(Object.fromEntries(config.durable_objects.bindings.map((binding) => [binding.name, binding.class_name]))).toEqual(DURABLE_OBJECTS);
	expect(config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? []).sort()).toEqual(Object.values(DURABLE_OBJECTS).sort());
});
