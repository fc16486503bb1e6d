/** Bars of block characters beside figures. */

const FULL = '█';
/** Eighths of a column. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `share` (0 to 1) of `width` columns, to an eighth of a column; anything above nothing shows. */
export function bar(share: number, width: number): string {
	if (!(share > 0)) return '';
	const eighths = Math.max(1, Math.round(Math.min(1, share) * width * 8));
	return FULL.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
