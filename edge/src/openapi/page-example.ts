/** A call of an operation as a `curl` line. */
import type { OpenApiOperation } from './document.ts';

/** Runs in any shell that has the key in `$KEY`, or the operator's token in `$OPERATOR_TOKEN`. */
export function curlOf(origin: string, method: string, path: string, operation: OpenApiOperation): string {
	const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
		const example = operation.parameters.find((parameter) => parameter.in === 'path' && parameter.name === name)?.example;
		return name === 'endpoint' ? '$ENDPOINT' : name === 'job' ? '$JOB' : String(example ?? `{${name}}`);
	});
	const example = operation.requestBody?.content['application/json']?.example;
	const scheme = operation.security[0];
	const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}"${origin}${filled}"`];
	if (scheme !== undefined) lines.push(`-H "Authorization: Bearer ${'operator' in scheme ? '$OPERATOR_TOKEN' : '$KEY'}"`);
	if (example !== undefined) lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example).replaceAll("'", `'\\''`)}'`);
	return lines.join(' \\\n  ');
}
