/** A reader's place in a log as text: the time of a line to the microsecond, `2026-11-22T10:20:30.123456Z`. Pure: the calendar comes from its caller. */

/** Pattern of a place, and of a time that a reader gives. */
export const LOG_TIME_PATTERN: RegExp = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/** The text of a stamp (µs since 1970). `isoSecond` gives `2026-11-22T10:20:30` for whole seconds since 1970. */
export function placeText(stamp: number, isoSecond: (seconds: number) => string): string {
	const micros = stamp % 1_000_000;
	return `${isoSecond((stamp - micros) / 1_000_000)}.${String(micros).padStart(6, '0')}Z`;
}

/** The stamp of a text, null when it is none. `secondsOf` gives whole seconds since 1970 of `2026-11-22T10:20:30`, NaN for no such time. */
export function stampOf(text: string, secondsOf: (isoSecond: string) => number): number | null {
	const match = LOG_TIME_PATTERN.exec(text);
	if (match === null) return null;
	const seconds = secondsOf(match[1] ?? '');
	if (!Number.isFinite(seconds) || seconds < 0) return null;
	return seconds * 1_000_000 + Number((match[2] ?? '').padEnd(6, '0'));
}
