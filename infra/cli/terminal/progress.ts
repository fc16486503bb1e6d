/** One line that says what is being waited for and for how long; drawn over on a terminal, printed when it changes where nobody watches. */
import { formatMs } from './duration.ts';
import { displayWidth, plain } from './style.ts';
import type { Terminal } from './terminal.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** What is over sooner needs no progress. */
const SHOW_AFTER_MS = 500;
const BAR_CELLS = 16;
/** A terminal shows ^C behind the line: it must not start another one, which could not be taken away. */
const ECHO_COLUMNS = 4;

export interface Progress {
	/** What is being waited for now; `part` from 0 to 1 draws a bar. */
	update(text: string, part?: number): void;
	/** Takes the line away. */
	stop(): void;
}

let open: (() => void) | null = null;

/** Takes away whatever line is drawn now and shows the cursor: for Ctrl-C. */
export function clearProgress(): void {
	open?.();
}

/** Starts a line. Without a terminal each new text is one line, nothing moves. */
export function startProgress(terminal: Terminal, text: string): Progress {
	return terminal.canAnimate ? drawn(terminal, text) : printed(terminal, text);
}

/** Shows `text` while `work` runs. */
export async function withProgress<T>(terminal: Terminal, text: string, work: (progress: Progress) => Promise<T>): Promise<T> {
	const progress = startProgress(terminal, text);
	try {
		return await work(progress);
	} finally {
		progress.stop();
	}
}

function drawn(terminal: Terminal, first: string): Progress {
	const startedMs = performance.now();
	let text = first;
	let part: number | undefined;
	let frame = 0;
	let isShown = false;
	const draw = (): void => {
		const elapsedMs = performance.now() - startedMs;
		if (elapsedMs < SHOW_AFTER_MS) return;
		if (!isShown) terminal.draw('\u001b[?25l');
		isShown = true;
		const { talkStyle: style, talkWidth } = terminal;
		const head = part === undefined ? style.code(FRAMES[frame++ % FRAMES.length] ?? '') : bar(terminal, part);
		const tail = formatMs(elapsedMs);
		const room = talkWidth - displayWidth(head) - displayWidth(tail) - 3 - ECHO_COLUMNS;
		terminal.draw(`\r\u001b[2K${head} ${cut(plain(text), room)}  ${style.dim(tail)}`);
	};
	const timer = setInterval(draw, FRAME_MS);
	timer.unref();
	const stop = (): void => {
		clearInterval(timer);
		if (isShown) terminal.draw('\r\u001b[2K\u001b[?25h');
		isShown = false;
		if (open === stop) open = null;
	};
	open = stop;
	return {
		update(next, nextPart) {
			text = next;
			part = nextPart;
		},
		stop,
	};
}

function printed(terminal: Terminal, first: string): Progress {
	let last = '';
	const startedMs = performance.now();
	const say = (text: string): void => {
		if (text === last || performance.now() - startedMs < SHOW_AFTER_MS) return;
		last = text;
		terminal.say(plain(text));
	};
	const timer = setTimeout(() => say(first), SHOW_AFTER_MS + 1);
	timer.unref();
	return {
		update(text) {
			clearTimeout(timer);
			say(text);
		},
		stop: () => clearTimeout(timer),
	};
}

function bar(terminal: Terminal, part: number): string {
	const full = Math.round(Math.max(0, Math.min(1, part)) * BAR_CELLS);
	return `${terminal.talkStyle.code('█'.repeat(full))}${terminal.talkStyle.dim('░'.repeat(BAR_CELLS - full))} ${String(Math.round(part * 100)).padStart(3)} %`;
}

function cut(text: string, width: number): string {
	if (displayWidth(text) <= width) return text;
	let out = '';
	for (const char of text) {
		if (displayWidth(out) + 1 >= width) break;
		out += char;
	}
	return `${out}…`;
}
