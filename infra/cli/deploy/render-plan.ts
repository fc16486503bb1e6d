/** A plan as people read it: what is made, what changes from what to what, and what that does to workers. */
import type { ReleaseDiffEntry } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import type { Style } from '../terminal/style.ts';
import { displayWidth } from '../terminal/style.ts';
import { type Change, NEW, type Plan } from './plan.ts';

const VALUE_CHARS_MAX = 400;

/** Lines of a plan. Values of environment variables are not shown: they may come from the environment of this command. */
export function renderPlan(plan: Plan, style: Style, width: number): string[] {
	const lines: string[] = [];
	for (const change of plan.changes) {
		if (change.action === 'keep') continue;
		lines.push(...headline(change, style, width));
		const shown = change.fields.filter(({ old, new: now }) => !isEmpty(old) || !isEmpty(now));
		const left = Math.max(0, ...shown.map(({ field }) => field.length));
		for (const entry of shown) lines.push(`      ${entry.field.padEnd(left)}  ${valueText(entry, change.action === 'create', style, width - left - 8)}`);
		lines.push('');
	}
	lines.push(summary(plan, style));
	return lines;
}

/** `2 to make, 1 to change, 3 as they should be`. */
export function countsOf({ changes }: Pick<Plan, 'changes'>): { create: number; update: number; keep: number } {
	const count = (action: Change['action']): number => changes.filter((change) => change.action === action).length;
	return { create: count('create'), update: count('update'), keep: count('keep') };
}

function headline({ action, kind, name, id, rolls }: Change, style: Style, width: number): string[] {
	const what = `${kind} ${style.bold(name)}${id === null ? '' : ` ${style.dim(id)}`}`;
	if (action === 'create') return [`  ${style.good('+')} ${what}`];
	const first = `  ${style.warn('~')} ${what}`;
	if (kind !== 'endpoint') return [first];
	const effect = rolls ? 'new release: idle workers are replaced, busy ones finish first' : 'in place: no worker is replaced';
	return displayWidth(first) + 2 + effect.length <= width ? [`${first}  ${style.dim(effect)}`] : [first, `      ${style.dim(effect)}`];
}

function valueText({ field, old, new: now }: ReleaseDiffEntry, isNew: boolean, style: Style, width: number): string {
	if (field.startsWith('env.')) return style.dim(isNew || isEmpty(old) ? 'set' : isEmpty(now) ? 'removed' : 'another value');
	const [before, after] = [show(old), show(now)];
	if (isNew) return style.good(cut(after, width));
	const arrow = ' → ';
	const half = Math.max(12, Math.floor((width - arrow.length) / 2));
	return `${style.bad(cut(before, Math.max(half, width - arrow.length - displayWidth(after))))}${style.dim(arrow)}${style.good(cut(after, Math.max(half, width - arrow.length - displayWidth(before))))}`;
}

function show(value: unknown): string {
	if (isEmpty(value)) return 'none';
	if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
		return value.map((one: string) => (one.startsWith(NEW) ? `${one.slice(NEW.length)} (new)` : one)).join(', ');
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function isEmpty(value: unknown): boolean {
	return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0) || (typeof value === 'object' && Object.keys(value).length === 0);
}

function cut(text: string, width: number): string {
	const bounded = Math.min(width, VALUE_CHARS_MAX);
	return text.length <= bounded ? text : `${text.slice(0, Math.max(1, bounded - 1))}…`;
}

function summary(plan: Plan, style: Style): string {
	const { create, update, keep } = countsOf(plan);
	if (create + update === 0) return `Nothing to change: ${keep === 1 ? '1 thing is' : `all ${keep} things are`} as the file says.`;
	const parts = [...(create > 0 ? [`${create} to make`] : []), ...(update > 0 ? [`${update} to change`] : []), ...(keep > 0 ? [`${keep} as the file says`] : [])];
	return style.bold(`${parts.join(', ')}.`);
}
