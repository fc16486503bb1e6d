/** Reads JSON and remembers where each value stands, so that what is wrong with it can be shown by its line. */

/** A place in a text, both from 1. */
export interface Position {
	readonly line: number;
	readonly column: number;
}

/** Thrown for a text that is not JSON. */
export class JsonSourceError extends Error {
	override readonly name: string = 'JsonSourceError';
	readonly at: Position;

	constructor(message: string, at: Position) {
		super(message);
		this.at = at;
	}
}

export interface JsonSource {
	readonly value: unknown;
	/** Where the value at a path begins, or its key for a member; of the nearest enclosing value when there is none. */
	positionOf(path: readonly PropertyKey[]): Position;
}

const DEPTH_MAX = 64;

/** Parses a text. Throws `JsonSourceError`, also for a key that stands twice in one object. */
export function readJsonSource(text: string): JsonSource {
	const reader = new Reader(text);
	const value = reader.document();
	return {
		value,
		positionOf: (path) => {
			for (let length = path.length; length >= 0; length--) {
				const at = reader.places.get(keyOf(path.slice(0, length)));
				if (at !== undefined) return positionIn(text, at);
			}
			return { line: 1, column: 1 };
		},
	};
}

function keyOf(path: readonly PropertyKey[]): string {
	return JSON.stringify(path.map(String));
}

function positionIn(text: string, at: number): Position {
	const before = text.slice(0, at);
	return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

class Reader {
	readonly places = new Map<string, number>();
	readonly #text: string;
	readonly #path: PropertyKey[] = [];
	#at = 0;

	constructor(text: string) {
		this.#text = text.replace(/^\uFEFF/, ' ');
	}

	document(): unknown {
		const value = this.#value();
		this.#space();
		if (this.#at < this.#text.length) this.#fail('there is something behind the end of the file’s object');
		return value;
	}

	#value(): unknown {
		this.#space();
		if (!this.places.has(keyOf(this.#path))) this.places.set(keyOf(this.#path), this.#at);
		if (this.#path.length > DEPTH_MAX) this.#fail(`nested deeper than ${DEPTH_MAX} levels`);
		const char = this.#text[this.#at];
		if (char === '{') return this.#object();
		if (char === '[') return this.#array();
		if (char === '"') return this.#string();
		const word = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/.exec(this.#text.slice(this.#at, this.#at + 64))?.[0];
		if (word === undefined) this.#fail(this.#expectation(char));
		this.#at += word.length;
		return JSON.parse(word);
	}

	#expectation(char: string | undefined): string {
		if (char === undefined) return 'the file ends too early: a value is missing';
		if (char === '/' || char === '#') return 'JSON has no comments: take it out';
		if (char === "'") return 'texts stand in double quotes: "…"';
		if (char === '}' || char === ']' || char === ',') return `a value is missing before "${char}": is there a comma too many?`;
		return 'a value is expected: a text in double quotes, a number, true, false, null, {…} or […]';
	}

	#object(): Record<string, unknown> {
		const value: Record<string, unknown> = {};
		this.#list('}', () => {
			this.#space();
			const keyAt = this.#at;
			if (this.#text[keyAt] !== '"') this.#fail(this.#text[keyAt] === '}' ? 'a comma stands before "}": take it out' : 'a name in double quotes is expected');
			const key = this.#string();
			if (Object.hasOwn(value, key)) this.#fail(`"${key}" stands twice here: keep one`, keyAt);
			this.#path.push(key);
			this.places.set(keyOf(this.#path), keyAt);
			this.#space();
			if (this.#text[this.#at] !== ':') this.#fail(`":" is expected after "${key}"`);
			this.#at++;
			Object.defineProperty(value, key, { value: this.#value(), enumerable: true, configurable: true, writable: true });
			this.#path.pop();
		});
		return value;
	}

	#array(): unknown[] {
		const value: unknown[] = [];
		this.#list(']', () => {
			this.#path.push(value.length);
			value.push(this.#value());
			this.#path.pop();
		});
		return value;
	}

	/** Items between the bracket at hand and `close`, with commas between them. */
	#list(close: string, item: () => void): void {
		this.#at++;
		this.#space();
		if (this.#text[this.#at] === close) {
			this.#at++;
			return;
		}
		for (;;) {
			item();
			this.#space();
			const char = this.#text[this.#at];
			if (char !== ',' && char !== close) this.#fail(char === undefined ? `the file ends too early: "${close}" is missing` : `"," or "${close}" is expected here`);
			this.#at++;
			if (char === close) return;
		}
	}

	#string(): string {
		const start = this.#at;
		for (this.#at++; ; this.#at++) {
			const char = this.#text[this.#at];
			if (char === undefined || char === '\n') this.#fail('a text is not closed: a double quote is missing', start);
			if (char === '\\') this.#at++;
			else if (char === '"') break;
		}
		this.#at++;
		try {
			return JSON.parse(this.#text.slice(start, this.#at)) as string;
		} catch {
			this.#fail('a text has a wrong escape: \\\\ \\" \\n \\t and \\u0000 are allowed', start);
		}
	}

	#space(): void {
		while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
	}

	#fail(message: string, at: number = this.#at): never {
		throw new JsonSourceError(message, positionIn(this.#text, at));
	}
}
