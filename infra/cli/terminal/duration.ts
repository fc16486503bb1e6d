/** Durations and ages as people write and read them. */
import { UsageError } from '../usage-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1500ms`, `30s`, `5m`, `24h`, `7d`; a bare number is seconds. Throws `UsageError` naming `flag`. */
export function parseDurationMs(text: string, flag: string): number {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
	if (match === null) throw new UsageError(`${flag} must be a duration such as 30s, 5m or 24h, not "${text}"`);
	return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? 1_000));
}

/** `40 ms`, `2.4 s`, `12 s`, `3 min 20 s`, `5 h 2 min`, `4 d 3 h`. */
export function formatMs(ms: number): string {
	const s = ms / 1_000;
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (s < 9.95) return `${s.toFixed(1)} s`;
	if (s < 59.5) return `${Math.round(s)} s`;
	const [big, small, unit] = s < 3_570 ? ([60, 1, ['min', 's']] as const) : s < 86_000 ? ([3_600, 60, ['h', 'min']] as const) : ([86_400, 3_600, ['d', 'h']] as const);
	const whole = Math.floor(Math.round(s / small) / (big / small));
	const rest = Math.round(s / small) % (big / small);
	return rest === 0 ? `${whole} ${unit[0]}` : `${whole} ${unit[0]} ${rest} ${unit[1]}`;
}

/** How long ago an ISO time was; empty for none. */
export function formatAge(iso: unknown, nowMs: number): string {
	if (typeof iso !== 'string' || iso === '') return '';
	const at = Date.parse(iso);
	if (Number.isNaN(at)) return '';
	return nowMs - at < 1_000 ? 'just now' : `${formatMs(nowMs - at)} ago`;
}
