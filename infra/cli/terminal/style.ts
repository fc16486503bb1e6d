/** Colours and marks: whether a stream gets them, and the few of them that mean something here. */
import { styleText } from 'node:util';

/** How text is marked; every function gives plain text back where colours are off. */
export interface Style {
	readonly color: boolean;
	bold(text: string): string;
	dim(text: string): string;
	good(text: string): string;
	bad(text: string): string;
	warn(text: string): string;
	/** What can be typed or is the thing itself: commands, ids, names. */
	code(text: string): string;
}

/** Whether a stream gets colours. `NO_COLOR` and `FORCE_COLOR` as in no-color.org and force-color.org; a flag beats both. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTty: boolean, flag: boolean | undefined): boolean {
	if (flag === false) return false;
	if ((env['NO_COLOR'] ?? '') !== '') return false;
	const force = env['FORCE_COLOR'];
	if (force !== undefined) return force !== '0' && force !== 'false';
	return isTty && env['TERM'] !== 'dumb';
}

export function createStyle(color: boolean): Style {
	const paint =
		(format: Parameters<typeof styleText>[0]) =>
		(text: string): string =>
			color && text !== '' ? styleText(format, text, { validateStream: false }) : text;
	return { color, bold: paint('bold'), dim: paint('dim'), good: paint('green'), bad: paint('red'), warn: paint('yellow'), code: paint('cyan') };
}

/** RunPod's states of jobs, workers and hosts in the colour that says how they are. */
export function paintState(style: Style, state: string): string {
	if (/^(COMPLETED|RUNNING|ready|ok|yes|here)$/.test(state)) return style.good(state);
	if (/^(FAILED|TIMED_OUT|UNHEALTHY|fail|silent)$/.test(state)) return style.bad(state);
	if (/^(IN_QUEUE|IN_PROGRESS|INITIALIZING|THROTTLED|CANCELLED|draining|drained|cordoned|warn)$/.test(state)) return style.warn(state);
	return state;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Columns that a text takes: escape sequences take none, wide characters two. */
export function displayWidth(text: string): number {
	let width = 0;
	for (const char of text.replace(ESCAPES, '')) {
		const code = char.codePointAt(0) ?? 0;
		const isWide =
			code >= 0x1100 &&
			(code <= 0x115f ||
				(code >= 0x2e80 && code <= 0xa4cf) ||
				(code >= 0xac00 && code <= 0xd7a3) ||
				(code >= 0xf900 && code <= 0xfaff) ||
				(code >= 0xfe30 && code <= 0xfe6f) ||
				(code >= 0xff00 && code <= 0xff60) ||
				(code >= 0x1f300 && code <= 0x1faff));
		const isMark = code < 0x20 || (code >= 0x300 && code <= 0x36f) || code === 0x200d || code === 0xfe0f;
		width += isMark ? 0 : isWide ? 2 : 1;
	}
	return width;
}

/** Text from outside, made harmless: no escape sequence or control character reaches the terminal. */
export function plain(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out.
	return text.replace(ESCAPES, '').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
