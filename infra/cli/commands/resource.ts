/** What templates, volumes, registry credentials, secrets and keys have in common on the command line: list, get and delete by id or name. */
import type { Command } from 'commander';
import { confirmByName } from '../ask/confirm.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { type Column, renderFacts, renderTable } from '../terminal/table.ts';
import { findReference, listReferences, type Reference } from './references.ts';

/** A resource as the edge shows it. */
export type Shown = Readonly<Record<string, unknown>>;

export interface ResourceVerbs {
	readonly reference: Reference;
	/** The verb that makes one, for the hint on an empty list. */
	readonly createCommand: string;
	readonly columns: (session: Session) => readonly Column<Shown>[];
	/** What is gone with it, for the question before. */
	readonly deletes: string;
}

/** Adds `list`, `get` and `delete` to a noun. */
export function addResourceVerbs(noun: Command, verbs: ResourceVerbs): void {
	const { kind } = verbs.reference;
	define(noun, 'list', `All of the account's ${kind === 'registry' ? 'registries' : `${kind}s`}`)
		.alias('ls')
		.action(withSession((session: Session) => list(session, verbs)));
	define(noun, `get <${kind}>`, `One ${kind}, by id or name`).action(
		withSession(async (session: Session, name: string) => {
			const found = await findReference(session, verbs.reference, name);
			session.show(found, () => factLines(session, found));
		}),
	);
	define(noun, `delete <${kind}>`, `Delete a ${kind}`)
		.alias('rm')
		.option('-y, --yes', 'do not ask')
		.action(withSession((session: Session, name: string, flags: { readonly yes?: boolean }) => remove(session, verbs, name, flags.yes)));
}

async function list(session: Session, { reference, columns, createCommand }: ResourceVerbs): Promise<void> {
	const rows = await listReferences(session, reference);
	const { style, width } = session.terminal;
	session.show({ [reference.member]: rows }, () => renderTable(columns(session), rows, width, style));
	if (rows.length === 0) session.warn(`none yet. Make one: ${createCommand}`);
}

async function remove(session: Session, { reference, deletes }: ResourceVerbs, nameOrId: string, yes: boolean | undefined): Promise<void> {
	const found = await findReference(session, reference, nameOrId);
	const [id, name] = [String(found['id']), String(found['name'])];
	await confirmByName(session, { what: `${reference.kind} ${name} (${id})${deletes}`, name, yes });
	await session.edge().call('DELETE', `${reference.path}/${id}`);
	session.done(`${reference.kind} ${name} (${id}) deleted`, [reference.listCommand]);
}

/** Every member of a thing, one a line. */
export function factLines(session: Session, shown: Shown): string[] {
	const { style, width } = session.terminal;
	const text = (value: unknown): string => {
		if (value === null || value === undefined || value === '') return '';
		if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ');
		if (typeof value === 'object') return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
		return String(value);
	};
	return renderFacts(
		Object.entries(shown).map(([name, value]) => [name, text(value)] as const),
		width,
		style,
	);
}

/** A column with one member as text. */
export function column(title: string, member: string, more: Partial<Column<Shown>> = {}): Column<Shown> {
	return {
		title,
		value: (row) => {
			const value = row[member];
			return value === null || value === undefined ? '' : Array.isArray(value) ? value.join(', ') : String(value);
		},
		...more,
	};
}
