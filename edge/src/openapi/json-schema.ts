/** Zod schemas as JSON Schema 2020-12, the dialect of OpenAPI 3.1: named ones become components, the rest stands where it is used. */
import * as z from 'zod';

/** A JSON Schema, as far as the document and its readers look into it. */
export interface JsonSchema {
	readonly [keyword: string]: unknown;
}

/** Components of the schemas with an id (`.meta({ id })`), and a reference or a schema for each use. */
export interface SchemaBook {
	/** What stands for `schema` in the document. */
	use(schema: z.ZodType): JsonSchema;
	/** All named schemas that were used. */
	components(): Record<string, JsonSchema>;
}

/** An empty book. Throws in `components` when two schemas share an id. */
export function createSchemaBook(): SchemaBook {
	const registry = z.registry<{ id: string }>();
	const known = new Map<string, z.ZodType>();
	return {
		use(schema) {
			const id = z.globalRegistry.get(schema)?.id;
			if (id === undefined) return clean(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
			const other = known.get(id);
			if (other !== undefined && other !== schema) throw new Error(`two schemas have the id ${id}`);
			if (other === undefined) registry.add(schema, { id });
			known.set(id, schema);
			return { $ref: `#/components/schemas/${id}` };
		},
		components() {
			const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: (id) => `#/components/schemas/${id}` });
			return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, clean(schema as JsonSchema)]));
		},
	};
}

/** Without what OpenAPI says elsewhere, and without bounds that only say "a number holds it exactly". */
function clean({ $schema: _schema, $id: _id, id: _name, ...schema }: JsonSchema): JsonSchema {
	return withoutExactBounds(schema) as JsonSchema;
}

function withoutExactBounds(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutExactBounds);
	if (typeof value !== 'object' || value === null) return value;
	const kept = Object.entries(value).filter(([name, of]) => !((name === 'maximum' && of === Number.MAX_SAFE_INTEGER) || (name === 'minimum' && of === Number.MIN_SAFE_INTEGER)));
	return Object.fromEntries(kept.map(([name, of]) => [name, withoutExactBounds(of)]));
}
