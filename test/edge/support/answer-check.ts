/** Checks real answers against the OpenAPI document: status, content type, body (undocumented members count as wrong), headers. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument, OpenApiOperation } from '../../../edge/src/openapi/document.ts';

/** An answer as it came. */
export interface SeenAnswer {
	readonly status: number;
	readonly headers: { get(name: string): string | null };
	readonly text: string;
}

/** What is wrong with an operation's answer; empty when it is as documented. */
export type AnswerCheck = (operation: OpenApiOperation, answer: SeenAnswer) => string[];

export function createAnswerCheck(document: OpenApiDocument): AnswerCheck {
	const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
	const components = tighten(document.components) as object;
	const validators = new Map<unknown, ValidateFunction>();
	const validatorOf = (schema: object): ValidateFunction => {
		const known = validators.get(schema);
		if (known !== undefined) return known;
		const made = ajv.compile({ ...(tighten(schema) as object), components });
		validators.set(schema, made);
		return made;
	};
	return (operation, answer) => {
		const documented = operation.responses[answer.status] ?? operation.responses['default'];
		if (documented === undefined) return [`status ${answer.status} is not documented: ${answer.text.slice(0, 300)}`];
		const headers = Object.keys(documented.headers ?? {}).filter((name) => name !== 'retry-after' && name !== 'x-should-retry');
		const missing = headers.filter((name) => answer.headers.get(name) === null).map((name) => `header ${name} is missing`);
		if (documented.content === undefined) return [...missing, ...(answer.text === '' ? [] : ['a body where none is documented'])];
		const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
		const content = documented.content[type];
		if (content === undefined) return [...missing, `content type ${type} is not documented for ${answer.status}`];
		if (!type.endsWith('json') || content.schema === undefined) return missing;
		const validate = validatorOf(content.schema);
		if (validate(JSON.parse(answer.text))) return missing;
		return [
			...missing,
			...(validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath || 'body'} ${message} ${JSON.stringify(params)}: ${answer.text.slice(0, 300)}`),
		];
	};
}

/** Objects with named members have no others, so that a member which nobody documented shows. */
function tighten(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(tighten);
	if (typeof value !== 'object' || value === null) return value;
	const copy = Object.fromEntries(Object.entries(value).map(([name, of]) => [name, tighten(of)]));
	return typeof copy['properties'] === 'object' && copy['type'] === 'object' && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}
