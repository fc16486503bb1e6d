/** The sentence in a failed job's error text, which workers wrap as JSON, as the `repr` of a Python dict or with a stack behind it. Pure. */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
/** How RunPod's SDK adds a generator's traceback, and JavaScript an error's stack. */
const STACK = /\s*\n\s*(?:traceback: |at [^\n]*:\d+)/;

/** What the worker meant to say; the text itself where no wrapping is known. */
export function messageOfJobError(text: string): string {
	return jsonMessage(text) ?? reprMessage(text) ?? text.replace(/^(?:handler|Error): /, '').split(STACK)[0] ?? text;
}

/** `{"error_type":…,"error_message":…,"error_traceback":…}` of an SDK whose handler raised, or an error object written as JSON. */
function jsonMessage(text: string): string | null {
	if (!text.startsWith('{')) return null;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null; // A Python dict looks alike at its start.
	}
	if (typeof value !== 'object' || value === null) return null;
	const { error_message: raised, message } = value as Record<string, unknown>;
	const said = raised ?? message;
	return typeof said === 'string' ? said : null;
}

/** The string under `'message'` in Python's `repr` of a dict: in single quotes, or in double ones when it holds a single one only. */
function reprMessage(text: string): string | null {
	if (!text.startsWith("{'")) return null;
	const match = /'message': (?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/s.exec(text);
	const quoted = match?.[1] ?? match?.[2];
	return quoted === undefined ? null : unescapePython(quoted);
}

function unescapePython(text: string): string {
	return text.replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs, (whole, x?: string, u?: string, long?: string, char?: string) => {
		if (char !== undefined) return ESCAPES[char] ?? char;
		const code = Number.parseInt(x ?? u ?? long ?? '', 16);
		return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
	});
}
