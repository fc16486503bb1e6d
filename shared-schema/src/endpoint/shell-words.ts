/** Splits a start command as a POSIX shell would: spaces, single and double quotes, backslashes. No expansion of anything. */

/** A backslash at the end of a line: the shell reads on as if neither were there. */
const LINE_CONTINUATION = '\\\n';

/** Thrown for a quote that never closes. */
export class ShellWordsError extends Error {
	override readonly name: string = 'ShellWordsError';
}

/** The words of `text`. Throws `ShellWordsError`. */
export function splitShellWords(text: string): string[] {
	const words: string[] = [];
	let word: string | null = null;
	let at = 0;
	while (at < text.length) {
		const char = text[at] ?? '';
		if (char === ' ' || char === '\t' || char === '\n') {
			if (word !== null) words.push(word);
			word = null;
			at++;
			continue;
		}
		if (text.startsWith(LINE_CONTINUATION, at)) {
			at += LINE_CONTINUATION.length;
			continue;
		}
		const piece = readPiece(text, at);
		word = (word ?? '') + piece.text;
		at = piece.end;
	}
	if (word !== null) words.push(word);
	return words;
}

/** The start command that splits into `words`. */
export function joinShellWords(words: readonly string[]): string {
	return words.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** One quoted stretch, escaped character or plain character. */
function readPiece(text: string, at: number): { text: string; end: number } {
	const char = text[at] ?? '';
	if (char === '\\') return { text: text[at + 1] ?? '', end: at + 2 };
	if (char === "'") {
		const end = text.indexOf("'", at + 1);
		if (end < 0) throw new ShellWordsError("a ' quote is not closed");
		return { text: text.slice(at + 1, end), end: end + 1 };
	}
	return char === '"' ? readDoubleQuoted(text, at + 1) : { text: char, end: at + 1 };
}

/** Inside double quotes a backslash escapes only `"`, `\`, `$`, the backtick and the end of a line. */
function readDoubleQuoted(text: string, from: number): { text: string; end: number } {
	let out = '';
	for (let at = from; at < text.length; at++) {
		const char = text[at] ?? '';
		const next = text[at + 1] ?? '';
		if (char === '"') return { text: out, end: at + 1 };
		if (char === '\\' && '"\\$`'.includes(next) && next !== '') {
			out += next;
			at++;
		} else if (text.startsWith(LINE_CONTINUATION, at)) at++;
		else out += char;
	}
	throw new ShellWordsError('a " quote is not closed');
}
