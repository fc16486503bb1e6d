/** Where the command reads and writes: data to stdout, talk to stderr, and what each of them can show. */
import { createStyle, type Style, wantsColor } from './style.ts';

/** The streams of one run of the command. */
export interface Terminal {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Style of stdout, and of stderr. */
	readonly style: Style;
	readonly talkStyle: Style;
	/** Columns of stdout; infinite when nobody watches it. */
	readonly width: number;
	/** Columns of stderr, at least 20. */
	readonly talkWidth: number;
	/** Whether a line on stderr may be drawn over. */
	readonly canAnimate: boolean;
	/** Whether somebody can be asked. */
	readonly canAsk: boolean;
	/** Whether stdin is a file or a pipe. */
	readonly hasPipedInput: boolean;
	/** A line of data. */
	data(line: string): void;
	/** Data as it is, without a newline. */
	raw(text: string): void;
	/** A line for the person. */
	say(line: string): void;
	/** Draws over the current line of stderr. */
	draw(text: string): void;
	/** All of stdin. */
	readInput(): Promise<string>;
}

export function openTerminal(flags: { readonly color?: boolean | undefined; readonly input?: boolean | undefined }): Terminal {
	const { stdin, stdout, stderr, env } = process;
	const isDumb = env['TERM'] === 'dumb';
	const columns = Number(env['COLUMNS']);
	const widthOf = (stream: NodeJS.WriteStream): number => (Number.isInteger(columns) && columns > 0 ? columns : (stream.columns ?? 80));
	return {
		env,
		style: createStyle(wantsColor(env, stdout.isTTY === true, flags.color)),
		talkStyle: createStyle(wantsColor(env, stderr.isTTY === true, flags.color)),
		width: stdout.isTTY === true ? widthOf(stdout) : Number.POSITIVE_INFINITY,
		talkWidth: Math.max(20, widthOf(stderr)),
		canAnimate: stderr.isTTY === true && !isDumb && (env['CI'] ?? '') === '',
		canAsk: flags.input !== false && stdin.isTTY === true && stderr.isTTY === true,
		hasPipedInput: stdin.isTTY !== true,
		data: (line) => void stdout.write(`${line}\n`),
		raw: (text) => void stdout.write(text),
		say: (line) => void stderr.write(`${line}\n`),
		draw: (text) => void stderr.write(text),
		readInput: async () => {
			const parts: Buffer[] = [];
			for await (const part of stdin) parts.push(part as Buffer);
			return Buffer.concat(parts).toString('utf8');
		},
	};
}
