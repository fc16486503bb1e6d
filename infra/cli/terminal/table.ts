/** Tables for people: columns aligned, cut to the terminal's width where that loses least. */
import { displayWidth, type Style } from './style.ts';

/** One column of rows of `T`. */
export interface Column<T> {
	readonly title: string;
	readonly value: (row: T) => string;
	/** Colour of a finished, padded cell. */
	readonly paint?: (text: string, row: T) => string;
	readonly align?: 'left' | 'right';
	/** May be cut with an ellipsis when the terminal is narrow; ids and names to type again must not be. */
	readonly cut?: boolean;
	/** Cut to this, it still says something; 8 when nothing is said. */
	readonly cutWidthMin?: number;
	/** Left out first when the terminal is too narrow, the highest number first. */
	readonly drop?: number;
}

const GAP = 2;
const CUT_WIDTH_MIN = 8;

/** Lines of a table; `width` is the terminal's, infinite when nobody watches. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], width: number, style: Style): string[] {
	const cells = new Map(columns.map((column) => [column, rows.map((row) => oneLine(column.value(row)))]));
	// A column that says nothing in any row only takes room.
	let shown = columns.filter((column) => cells.get(column)?.some((cell) => cell !== '') ?? false);
	let widths = fit(shown, cells, width);
	while (widths === null) {
		const droppable = shown.filter((column) => column.drop !== undefined).sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0))[0];
		if (droppable === undefined) break;
		shown = shown.filter((column) => column !== droppable);
		widths = fit(shown, cells, width);
	}
	const finalWidths = widths ?? shown.map((column) => naturalWidth(column, cells));
	const line = (texts: readonly string[], paint: (text: string, index: number) => string): string =>
		texts
			.map((text, index) => {
				const padded = pad(cutTo(text, finalWidths[index] ?? 0), finalWidths[index] ?? 0, shown[index]?.align ?? 'left', index === texts.length - 1);
				return paint(padded, index);
			})
			.join(' '.repeat(GAP))
			.trimEnd();
	const head = line(
		shown.map((column) => column.title),
		(text) => style.dim(text),
	);
	const body = rows.map((row, at) =>
		line(
			shown.map((column) => cells.get(column)?.[at] ?? ''),
			(text, index) => shown[index]?.paint?.(text, row) ?? text,
		),
	);
	return [head, ...body];
}

/** Lines of names and values, one below the other; values wrap under themselves. */
export function renderFacts(facts: readonly (readonly [string, string])[], width: number, style: Style): string[] {
	const named = facts.filter(([, value]) => value !== '');
	const left = Math.max(0, ...named.map(([name]) => displayWidth(name)));
	return named.flatMap(([name, value]) => {
		const lines = wrap(value, Math.max(20, width - left - GAP));
		return lines.map((text, index) => `${style.dim((index === 0 ? name : '').padEnd(left))}${' '.repeat(GAP)}${text}`);
	});
}

/** Breaks a text at spaces so that no line is wider than `width`, where its words allow that. */
export function wrap(text: string, width: number): string[] {
	return text.split('\n').flatMap((paragraph) => {
		const lines: string[] = [];
		let line = /^ */.exec(paragraph)?.[0] ?? '';
		let isFirst = true;
		for (const word of paragraph.trimStart().split(' ')) {
			if (isFirst) {
				line += word;
				isFirst = false;
			} else if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
				lines.push(line);
				line = word;
			} else line += ` ${word}`;
		}
		return [...lines, line];
	});
}

/** Widths that fit, or null when even the narrowest do not. */
function fit<T>(columns: readonly Column<T>[], cells: ReadonlyMap<Column<T>, readonly string[]>, width: number): number[] | null {
	const widths = columns.map((column) => naturalWidth(column, cells));
	let over = widths.reduce((sum, one) => sum + one, 0) + GAP * (columns.length - 1) - width;
	while (over > 0) {
		let widest = -1;
		for (const [index, column] of columns.entries()) {
			const room = (widths[index] ?? 0) - Math.max(column.cutWidthMin ?? CUT_WIDTH_MIN, displayWidth(column.title));
			if (column.cut === true && room > 0 && (widest < 0 || (widths[index] ?? 0) > (widths[widest] ?? 0))) widest = index;
		}
		if (widest < 0) return null;
		widths[widest] = (widths[widest] ?? 0) - 1;
		over--;
	}
	return widths;
}

function naturalWidth<T>(column: Column<T>, cells: ReadonlyMap<Column<T>, readonly string[]>): number {
	return Math.max(displayWidth(column.title), ...(cells.get(column) ?? []).map(displayWidth));
}

function oneLine(text: string): string {
	return text.replace(/\s+/g, ' ').trim();
}

function cutTo(text: string, width: number): string {
	if (displayWidth(text) <= width) return text;
	let out = '';
	for (const char of text) {
		if (displayWidth(out) + displayWidth(char) > width - 1) break;
		out += char;
	}
	return `${out}…`;
}

function pad(text: string, width: number, align: 'left' | 'right', isLast: boolean): string {
	const room = ' '.repeat(Math.max(0, width - displayWidth(text)));
	if (align === 'right') return room + text;
	return isLast ? text : text + room;
}
